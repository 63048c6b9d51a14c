"""Updates through torch.compile."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_run.core.turn import Given
from gan_run.core.update import Losses, Update

CHECKED = 2
"""How often a compiled update is compared with the eager one, of each set of terms that takes part."""
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 5e-2}
"""By what an objective, or a parameter's gradient, may differ: relative, and of all gradients taken together."""
VARIANTS = 64
"""How often dynamo may compile the forward of an update anew: all players' updates share that one function."""


class CompiledUpdate(nn.Module):
    """An update that is compiled for as long as it says what it says eagerly; if not, it stays eager, with a warning.

    Draws are eager's (inductor's `fallback_random`), and penalties compile because their inner gradient is traced
    (dynamo's `trace_autograd_ops`).
    """

    def __init__(self, update: Update, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__()
        self.update = update
        self._tolerance = TOLERANCE[dtype]
        # In a tuple, so that it is not registered: its parameters are those of `update`.
        options = {"fallback_random": True, "triton.cudagraphs": device.type == "cuda"}
        self._compiled = (torch.compile(update, dynamic=False, options={**options}),)
        self._keeps_to_it = True
        self._checked: dict[tuple[str, ...], int] = {}

    def forward(self, given: Given) -> Losses:
        checked = self._checked.get(given.terms, 0)
        if self._keeps_to_it and checked < CHECKED:
            self._check(given)
            self._checked[given.terms] = checked + 1
        losses: Losses = self._run(given) if self._keeps_to_it else self.update(given)
        return losses

    def _run(self, given: Given) -> Losses:
        (compiled,) = self._compiled
        with torch._dynamo.config.patch(trace_autograd_ops=True, recompile_limit=VARIANTS):
            losses: Losses = compiled(given)
        return losses

    def _check(self, given: Given) -> None:
        with _left_as_it_was(self.update):
            eager = self._trial(self.update(given))
        try:
            with _left_as_it_was(self.update):
                compiled = self._trial(self._run(given))
        except Exception as error:  # whatever a compiler may raise: the eager update has just shown that it works
            self._give_up(f"cannot be compiled ({str(error).strip().splitlines()[0]})")
            return
        for name, wanted in eager.objectives.items():
            if not _close(compiled.objectives[name], wanted, wanted.abs() + 1, self._tolerance):
                found = float(compiled.objectives[name])
                self._give_up(f"compiled has the loss {name} at {found:.6g} instead of {float(wanted):.6g}")
                return
        whole = torch.stack([gradient.norm() for gradient in eager.gradients.values()]).norm()
        for name, wanted in eager.gradients.items():
            if not _close(compiled.gradients[name], wanted, wanted.norm() + whole, self._tolerance):
                self._give_up(f"compiled has another gradient at {name}")
                return

    def _trial(self, losses: Losses) -> "_Trial":
        trained = {name: value for name, value in self.update.named_parameters() if value.requires_grad}
        total = losses.weighed(dict.fromkeys(losses.terms, 1.0)).total
        if total is None:
            return _Trial(losses.detached().terms, {})
        gradients = torch.autograd.grad(
            total, list(trained.values()), retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return _Trial(losses.detached().terms, dict(zip(trained, gradients, strict=True)))

    def _give_up(self, why: str) -> None:
        self._keeps_to_it = False
        warnings.warn(f"the update of the {self.update.player} {why}: it stays eager", RuntimeWarning, stacklevel=2)


class _Trial(NamedTuple):
    objectives: dict[str, Tensor]
    gradients: dict[str, Tensor]


def _close(found: Tensor, wanted: Tensor, size: Tensor, tolerance: float) -> bool:
    return bool((found - wanted).norm() <= tolerance * size)


@contextmanager
def _left_as_it_was(module: nn.Module) -> Iterator[None]:
    """Buffers and torch's streams are afterwards as before."""
    before = [(buffer, buffer.clone()) for buffer in module.buffers()]
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        yield
    with torch.no_grad():
        for buffer, value in before:
            buffer.copy_(value)
