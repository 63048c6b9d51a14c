"""Checks a spec against its data, and replaces each `auto` by a value."""

import logging
import time
import warnings

import torch

from gan_run.core.base.device import Precision, synchronize
from gan_run.core.base.errors import Problem, SpecError, suggest
from gan_run.core.engine.training import Training
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.spec import Spec

logger = logging.getLogger("gan_run")

RESOLVED_FIELDS = ("device", "precision")
"""The fields of `train` that may be `auto`."""
NAMED = 10
"""How many classes without images a warning names."""
TIMED_STEPS = 3
TESTED_DEVICES = ("cpu", "cuda")
"""The types of device that the test suite passes on."""


def check_against_data(spec: Spec, data: Splits) -> DataInfo:
    """Check that the spec and its data fit each other, before any image is decoded.

    Args:
        spec: The spec.
        data: The splits of its data source, which is described once for all who ask.

    Returns:
        The shape, sizes and classes of the data.

    Raises:
        SpecError: A mistake in the spec, by itself or for this data.
        DataError: The data is absent or damaged, or has no room for the validation split.
    """
    # What was read from a file has been checked; a spec composed in Python has not.
    if problems := spec.problems():
        raise SpecError(problems, spec.name)
    info = data.info
    spec.data.check_sizes(info)
    if problems := spec.data_problems(info):
        raise SpecError(problems, spec.name)
    _warn_of_unseen(spec, info)
    return info


def _warn_of_unseen(spec: Spec, info: DataInfo) -> None:
    """Warn of conditions on categories that no training image has."""
    for name, latent in spec.latents.items():
        for column in (info.columns[column] for column in latent.observed_columns() if column in info.columns):
            if column.unseen:
                shown = [column.names[category] if column.names else str(category) for category in column.unseen]
                more = [f"and {len(shown) - NAMED} more"] if len(shown) > NAMED else []
                listed = ", ".join([*shown[:NAMED], *more])
                logger.warning("latents.%s: no training image is of %d classes: %s", name, len(shown), listed)


def with_train(spec: Spec, **changes: object) -> Spec:
    """`spec` with some fields of `train` replaced by valid values."""
    return spec.model_copy(update={"train": spec.train.model_copy(update=changes)})


def resolve_device(spec: Spec) -> Spec:
    """Replace `auto` in `train.device` by cuda where there is one, else by cpu.

    Raises:
        SpecError: The device is not available here.
    """
    name = spec.train.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if (reason := unavailable(name)) is not None:
        message = f'{name!r} cannot be used here: {reason}; "auto" chooses a device that is available'
        raise SpecError([Problem(("train", "device"), message)], spec.name)
    if torch.device(name).type not in TESTED_DEVICES:
        warnings.warn(f"train.device: gan-run is not tested on {name!r}", stacklevel=2)
    return with_train(spec, device=name)


def unavailable(device: str) -> str | None:
    """Why no tensor with content can be made on a torch device; None if it can."""
    try:
        kind = torch.device(device).type
    except RuntimeError:
        return f"there is no such device{suggest(device, TESTED_DEVICES)}"
    if kind == "meta":
        return "its tensors have no content"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        return str(error).splitlines()[0]
    return None


def resolve_precision(spec: Spec, info: DataInfo, images: ImageSet | None) -> Spec:
    """Replace `auto` in `train.precision` by the one with the fastest timed step: fp32, bf16, and on CUDA tf32.

    A CPU that computes in bf16 by emulation is not timed: it takes fp32.
    """
    if spec.train.precision != "auto":
        return spec
    choices = _precisions(torch.device(spec.train.device).type)
    if len(choices) == 1:
        return with_train(spec, precision=choices[0])
    seconds = {
        choice: _step_seconds(with_train(spec, precision=choice, compile=False), info, images) for choice in choices
    }
    return with_train(spec, precision=min(choices, key=seconds.__getitem__))


def _precisions(device: str) -> tuple[Precision, ...]:
    """The precisions that may be the fastest on a type of device."""
    if device == "cuda":
        return "fp32", "tf32", "bf16"
    # Without AVX-512 there are no bf16 instructions, and torch converts each operand to float32.
    if device == "cpu" and torch.backends.cpu.get_cpu_capability() == "AVX2":
        return ("fp32",)
    return "fp32", "bf16"


def _step_seconds(spec: Spec, info: DataInfo, images: ImageSet | None) -> float:
    """The fastest of some steps, on a game of its own: the one that will be trained is not touched."""
    fastest = float("inf")
    with Training(spec, info, images) as training:
        training.advance()
        synchronize(training.device)
        for _ in range(TIMED_STEPS):
            begin = time.perf_counter()
            training.advance()
            synchronize(training.device)
            fastest = min(fastest, time.perf_counter() - begin)
    return fastest
