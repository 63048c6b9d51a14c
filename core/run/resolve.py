"""From the spec that was asked for to the one that is run: no `auto` left, and every mistake found that can be."""

import time

import torch

from gan_run.core.base.device import Precision, synchronize
from gan_run.core.base.errors import Problem, SpecError
from gan_run.core.engine.training import Training
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.spec import Spec

TIMED_STEPS = 3


def check_against_data(spec: Spec) -> DataInfo:
    """What the data looks like, once the spec and the data agree. Raises SpecError or DataError."""
    # What was read from a file has been checked; a spec composed in Python has not.
    if problems := spec.problems():
        raise SpecError(problems, spec.name)
    info = spec.data.describe()
    spec.data.check_sizes(info)
    if problems := spec.data_problems(info):
        raise SpecError(problems, spec.name)
    return info


def with_train(spec: Spec, **changes: object) -> Spec:
    """`spec` with some fields of `train` set to values that are known to be valid."""
    return spec.model_copy(update={"train": spec.train.model_copy(update=changes)})


def resolve_device(spec: Spec) -> Spec:
    """Settle `train.device`. Raises SpecError for a device that is not there."""
    name = spec.train.device
    if name == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        name = "cpu" if accelerator is None else accelerator.type
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        message = f"{name!r} cannot be used here: {str(error).splitlines()[0]}"
        raise SpecError([Problem(("train", "device"), message)], spec.name) from None
    return with_train(spec, device=name)


def resolve_precision(spec: Spec, info: DataInfo, images: ImageSet) -> Spec:
    """Settle `train.precision`: for `auto`, fp32 unless a step is faster in tf32 (on a CUDA device) or bf16."""
    if spec.train.precision != "auto":
        return spec
    on_cuda = torch.device(spec.train.device).type == "cuda"
    choices: tuple[Precision, ...] = ("fp32", "tf32", "bf16") if on_cuda else ("fp32", "bf16")
    seconds = {
        choice: _step_seconds(with_train(spec, precision=choice, compile=False), info, images) for choice in choices
    }
    return with_train(spec, precision=min(choices, key=seconds.__getitem__))


def _step_seconds(spec: Spec, info: DataInfo, images: ImageSet) -> float:
    # On a game of its own, so that nothing of it is left in the one that will be trained.
    training = Training(spec, info, images)
    training.advance()
    fastest = float("inf")
    for _ in range(TIMED_STEPS):
        begin = time.perf_counter()
        training.advance()
        synchronize(training.device)
        fastest = min(fastest, time.perf_counter() - begin)
    return fastest
