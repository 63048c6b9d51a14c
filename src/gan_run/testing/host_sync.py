"""Counts the synchronisations of host and device in a training step, on a simulated CUDA device.

A step that copies a tensor from or to the host makes the host wait until the device has done all that is queued. The
simulation needs no GPU: torch's FakeTensor computes shapes and devices only, and every dispatched operation is seen.
"""

import copy
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gan_run.core.engine.training import Training
from gan_run.core.engine.update import Losses

DEVICE = "cuda"
WAITS = {"aten::_local_scalar_dense", "aten::nonzero", "aten::equal", "aten::masked_select", "aten::linalg_inv_ex"}
"""Operations whose result, or whose check, the host waits for."""
COPIES = {"aten::_to_copy", "aten::copy_"}
INDEXED = {"aten::index", "aten::index_put_", "aten::index_put", "aten::_index_put_impl_"}


class HostSyncs(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Counts, by operation and place in the code, what makes the host wait for the device."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # likewise
        self.found: Counter[str] = Counter()
        self.operations = 0
        """How many operations ran on the device."""

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        out = func(*args, **(kwargs or {}))
        inputs, outputs = _devices((args, kwargs)), _devices(out)
        self.operations += DEVICE in (*inputs, *outputs)
        if _waits(func._schema.name, inputs, outputs):
            self.found[f"{func._schema.name} at {_place()}"] += 1
        return out


def _waits(name: str, inputs: Sequence[str], outputs: Sequence[str]) -> bool:
    if name in COPIES:
        return {*inputs, *outputs} == {"cpu", DEVICE}
    if name in INDEXED:
        return DEVICE in inputs and "cpu" in inputs
    return name in WAITS and DEVICE in inputs


def _devices(values: object) -> list[str]:
    return [value.device.type for value in tree_leaves(values) if isinstance(value, Tensor)]


def _place() -> str:
    """The innermost line of gan_run, or of a plugin, that led to the operation."""
    frames = [
        frame for frame in traceback.extract_stack() if "torch" not in frame.filename and __file__ != frame.filename
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}"


def count_host_syncs(training: Training, after_step: Callable[[dict[str, Losses]], None] | None = None) -> HostSyncs:
    """Count the synchronisations of one step.

    Args:
        training: a training that has taken no step. It is copied and stays as it is.
        after_step: what the loop does with the losses of a step; it is counted too.

    Returns:
        The counts. The order of the epoch is on the device before: it is copied once per epoch.
    """
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    simulated = on_simulated_device(training, mode)
    syncs = HostSyncs()
    with mode, _gradients_of_no_value(simulated):
        simulated.feed.batch(0)
        with syncs:
            losses = simulated.advance()
            if after_step is not None:
                after_step(losses)
    return syncs


def on_simulated_device(training: Training, mode: FakeTensorMode) -> Training:
    """A copy whose weights, buffers and images are on the simulated device, without values, for use within `mode`."""
    modules: list[nn.Module] = [training.game, *([training.ema.stack] if training.ema else [])]
    tensors: list[Tensor] = [tensor for module in modules for tensor in (*module.parameters(), *module.buffers())]
    assert training.images is not None
    tensors += [training.images.images, *training.images.columns.values()]
    memo: dict[int, object] = {}
    with mode:
        for tensor in tensors:
            moved = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=DEVICE)
            memo[id(tensor)] = nn.Parameter(moved, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else moved
    moved_training = copy.deepcopy(training, memo)
    moved_training.device = torch.device(DEVICE)
    return moved_training


@contextmanager
def _gradients_of_no_value(training: Training) -> Iterator[None]:
    """Gradients of the right shape, without a backward pass: autograd refuses a CUDA device that does not exist."""

    def backward(self: Tensor) -> None:
        for parameter in training.game.parameters():
            if parameter.requires_grad:
                parameter.grad = torch.empty_like(parameter)

    def grad(outputs: Tensor, inputs: Tensor | Sequence[Tensor], **options: object) -> tuple[Tensor, ...]:
        several = [inputs] if isinstance(inputs, Tensor) else inputs
        return tuple(torch.empty_like(each) + 0 * outputs for each in several)

    with patch.object(Tensor, "backward", backward), patch.object(torch.autograd, "grad", grad):
        yield
