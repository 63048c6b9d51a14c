"""Measures and renders what a run asks for, on the way and at its end. What fails costs a warning, and not the run."""

import errno
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, TypeVar

from gan_run.core.base.errors import Place, describe_error, show_place
from gan_run.core.base.system_errors import DISK_FULL
from gan_run.core.engine.training import Training
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.events import ArtifactRendered, MetricMeasured
from gan_run.core.kinds.metric import Measurement, Metric
from gan_run.core.run import evaluation
from gan_run.core.run.best import BestCheckpoint
from gan_run.core.run.dispatcher import RunEvents
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.time_limit import TimeIsUp

NO_ROOM = DISK_FULL | {errno.EROFS}
"""Errors of the disk, which no component can help: the run ends, and goes on once there is room."""
Found = TypeVar("Found")


GOES_ON = "it is left out, and the run goes on"


class Failure(NamedTuple):
    """A metric or an artifact that failed."""

    place: str
    """Its place in the spec."""
    error: str


class Measured(NamedTuple):
    """What was found after the last step."""

    metrics: list[dict[str, object]]
    """The fields of each metric, and what it found."""
    failed: list[dict[str, object]]
    """The fields of each metric and artifact that failed, with its place in the spec and its error."""


class Evaluation:
    """Measures and renders the components of a spec.

    Args:
        training: The training.
        run: The run folder.
        data: The splits of the data.
        events: Receive what was found.
        best: Considers what was measured.
    """

    def __init__(
        self, training: Training, run: RunFolder, data: Splits, events: RunEvents, best: BestCheckpoint
    ) -> None:
        self._training, self._run, self._data, self._events, self._best = training, run, data, events, best
        self._warned: set[str] = set()

    def is_due(self) -> bool:
        """Whether an artifact or a metric has an `every` that divides the present step."""
        spec = self._training.spec
        return bool(self._due(spec.artifacts) or self._due(spec.metrics))

    def on_the_way(self) -> list[dict[str, object]]:
        """Render and measure what is due. Returns the fields of each metric and what it found."""
        spec = self._training.spec
        self._render(self._due(spec.artifacts))
        return self._measure(self._due(spec.metrics)).metrics

    def at_the_end(self) -> Measured:
        """Render and measure everything."""
        spec = self._training.spec
        failed = self._render(range(len(spec.artifacts)))
        measured = self._measure(range(len(spec.metrics)))
        return Measured(measured.metrics, [*failed, *measured.failed])

    def write(self, measured: Measured) -> None:
        """Write what was found after the last step. evaluation.json is written last and marks a finished run."""
        step = self._training.step
        self._run.check_in_place()
        self._best.record()
        early = {} if step == self._training.spec.train.steps else {"ended_early": True}
        failed = {"failed": measured.failed} if measured.failed else {}
        self._run.add_evaluation(step, measured.metrics)
        self._run.write_evaluation({"step": step, **early, "metrics": measured.metrics, **failed})

    def _due(self, components: Iterable[object]) -> list[int]:
        """The indices of those whose `every` divides the present step."""
        step = self._training.step
        everies = [getattr(each, "every", None) for each in components]
        return [index for index, every in enumerate(everies) if every and step % every == 0]

    def _render(self, indices: Iterable[int]) -> list[dict[str, object]]:
        """Render some of the spec's artifacts. Returns those that failed."""
        spec, step, events = self._training.spec, self._training.step, self._events
        failures = []
        for index in indices:
            artifact = spec.artifacts[index]
            render = partial(evaluation.render, events.model, self._data, self._run.path, artifact, step, spec.seed)
            files = self._attempt(artifact, ("artifacts", index), render)
            if isinstance(files, Failure):
                failures.append({"artifact": artifact.model_dump(mode="json"), **files._asdict()})
            else:
                events.send(ArtifactRendered(**events.now(), artifact=artifact, index=index, files=tuple(files)))
        return failures

    def _measure(self, indices: Iterable[int]) -> Measured:
        """Measure some of the spec's metrics."""
        spec, events, measured = self._training.spec, self._events, Measured([], [])
        keys = list(spec.metrics_by_key())
        for index in indices:
            metric, key = spec.metrics[index], keys[index]
            found = self._attempt(metric, ("metrics", index), partial(self._found, metric, key))
            if isinstance(found, Failure):
                measured.failed.append({"metric": metric.model_dump(mode="json"), **found._asdict()})
            else:
                events.send(MetricMeasured(**events.now(), metric=metric, index=index, key=key, found=found))
                measured.metrics.append(evaluation.with_fields(metric, found))
        return measured

    def _found(self, metric: Metric, key: str) -> Measurement:
        found = evaluation.measure(self._events.model, self._data, metric, self._training.spec.seed)
        self._best.consider(self._training.step, key, found)
        return found

    def _attempt(self, component: Component, place: Place, compute: Callable[[], Found]) -> "Found | Failure":
        """What a component computes. One that fails is warned of, once for each place in the spec."""
        try:
            return compute()
        except (KeyboardInterrupt, SystemExit, TimeIsUp):
            raise
        except BaseException as error:  # whatever a stranger's code raises: the weights do not depend on it
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise
            failure = Failure(show_place(place), describe_error(error))
            if failure.place not in self._warned:
                self._warned.add(failure.place)
                warnings.warn(f"{self._events.name(component, place)} failed: {failure.error}; {GOES_ON}", stacklevel=2)
            return failure
