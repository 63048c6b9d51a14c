"""Tries after one step what training does at its end: metrics and artifacts, as far as that takes about a second."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from torch import Tensor, nn

from gan_run.core.base.errors import GanRunError, Place, describe_error, show_place
from gan_run.core.engine.training import Training
from gan_run.core.kinds.artifact import Artifact
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.metric import Metric
from gan_run.core.kinds.model import Model
from gan_run.core.run.evaluation import measure, render

MOST_IMAGES = 4096
"""Images that a network may draw or read for one metric or artifact."""
MOST_FLOPS = 2e10
"""About a second of a CPU. A model whose step takes more may have as much as a step."""


class _TooMuchError(BaseException):  # no Exception: a component that handles those must not go on
    """A component needs more of a network than a trial has."""


def failures_at_end(training: Training, data: Splits, flops: int) -> Iterator[str]:
    """Measure the metrics and draw the artifacts of a spec, with a model after one step.

    Those that need more images of the networks than a second allows are left out.

    Args:
        training: After its step.
        data: The splits, or what stands in for them.
        flops: Of the step.

    Returns:
        What failed, in a sentence each: a training would end with a warning in its place.
    """
    spec = training.spec
    per_image = flops / spec.train.batch_size
    images = int(min(MOST_IMAGES, max(MOST_FLOPS, flops) / max(1.0, per_image)))
    metrics, artifacts = list(spec.find_all(Metric)), list(spec.find_all(Artifact))
    if not metrics and not artifacts:
        return
    model = training.model(batch_statistics=True)
    with TemporaryDirectory() as folder:
        for place, metric in metrics:
            use: Callable[[], object] = partial(measure, lambda: model, data, metric, spec.seed)
            yield from _failure(place, metric, use, model, images)
        for place, artifact in artifacts:
            use = partial(render, lambda: model, data, Path(folder), artifact, 1, spec.seed)
            yield from _failure(place, artifact, use, model, images)


def _failure(place: Place, component: Component, use: Callable[[], object], model: Model, images: int) -> Iterator[str]:
    try:
        with _at_most(images, model), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a model after one step is worth none
            use()
    except _TooMuchError:
        pass
    except Exception as error:  # a stranger's code
        problem = str(error) if isinstance(error, GanRunError) else describe_error(error)
        yield f"{show_place(place)} ({component.name()}) would fail at the end of training: {problem}"


@contextmanager
def _at_most(images: int, model: Model) -> Iterator[None]:
    """Within it, each network of a model takes so many rows in all, and raises _TooMuchError beyond."""
    left = dict.fromkeys(model.networks, images)

    def count(name: str, module: nn.Module, arguments: tuple[object, ...]) -> None:
        rows = len(arguments[0]) if arguments and isinstance(arguments[0], Tensor) else 1
        left[name] -= rows
        if left[name] < 0:
            raise _TooMuchError

    hooks = [module.register_forward_pre_hook(partial(count, name)) for name, module in model.networks.items()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
