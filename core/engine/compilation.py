"""Updates through torch.compile."""

import warnings

import torch
from torch import Tensor, nn

from gan_run.core.engine.update import Losses, Update
from gan_run.core.engine.update_outcome import UpdateOutcome, run_without_effects
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.core.nn.borrowed import Borrowed

CHECKED = 2
"""How often a compiled update is compared with the eager one, of each set of terms that takes part."""
OBJECTIVES = {torch.float32: 1e-3, torch.bfloat16: 5e-2}
"""By what part of itself, plus one, an objective may differ."""
GRADIENTS = 5e-2
"""By what part of itself, and of all of them together, a parameter's gradient may differ. Rounding alone comes to 1e-6
in float32, but an activation that it sends to the other side of a kink takes along all pixels of the same background:
4e-3 was seen. A gradient that was left out is off by all of itself."""
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
        self._tolerance = OBJECTIVES[dtype]
        # Borrowed, since its parameters are those of `update`.
        self._compiled = Borrowed(
            torch.compile(
                update, dynamic=False, options={"fallback_random": True, "triton.cudagraphs": device.type == "cuda"}
            )
        )
        self._keeps_to_it = True
        self._checked: dict[tuple[str, ...], int] = {}

    def forward(self, inputs: UpdateInputs) -> Losses:
        checked = self._checked.get(inputs.terms, 0)
        if self._keeps_to_it and checked < CHECKED:
            self._check(inputs)
            self._checked[inputs.terms] = checked + 1
        losses: Losses = self._run(inputs) if self._keeps_to_it else self.update(inputs)
        return losses

    def _run(self, inputs: UpdateInputs) -> Losses:
        compiled = self._compiled.module
        with torch._dynamo.config.patch(trace_autograd_ops=True, recompile_limit=VARIANTS):
            losses: Losses = compiled(inputs)
        return losses

    def _check(self, inputs: UpdateInputs) -> None:
        eager = run_without_effects(self.update, self.update, inputs)
        try:
            compiled = run_without_effects(self.update, self._run, inputs)
        except Exception as error:  # whatever a compiler may raise: the eager update has just shown that it works
            why: str | None = f"cannot be compiled ({str(error).strip().splitlines()[0]})"
        else:
            why = _difference(compiled, eager, self._tolerance)
        if why is not None:
            self._keeps_to_it = False
            warnings.warn(f"the update of the {self.update.player} {why}: it stays eager", RuntimeWarning, stacklevel=2)


def _difference(compiled: UpdateOutcome, eager: UpdateOutcome, tolerance: float) -> str | None:
    """What the one says and the other does not, if it is more than rounding."""
    for name, objective in eager.objectives.items():
        found = compiled.objectives[name]
        if not bool((found - objective).abs() <= tolerance * (objective.abs() + 1)):
            return f"compiled has the loss {name} at {found:.6g} instead of {objective:.6g}"
    sizes = [_size(gradient) for gradient in eager.gradients.values()]
    whole = torch.stack(sizes).norm() if sizes else 0.0
    for name, wanted in eager.gradients.items():
        if not bool(_distance(compiled.gradients[name], wanted) <= GRADIENTS * (_size(wanted) + whole)):
            return f"compiled has another gradient at {name}"
    return None


def _size(gradient: Tensor | None) -> Tensor:
    return torch.zeros(()) if gradient is None else gradient.norm().cpu()


def _distance(one: Tensor | None, other: Tensor | None) -> Tensor:
    return (one - other).norm().cpu() if one is not None and other is not None else _size(one) + _size(other)
