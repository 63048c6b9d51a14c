"""Updates through torch.compile."""

import warnings

import torch
from torch import Tensor, nn

from gan_run.core.engine.update import Losses, Update
from gan_run.core.engine.update_outcome import UpdateOutcome, run_without_effects
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.core.nn.borrowed import Borrowed

COMPARISONS = 2
"""How many times a compiled update is compared with the eager one, for each set of terms that takes part together."""
OBJECTIVE_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 5e-2}
"""Largest difference of an objective, relative to its size plus one."""
GRADIENT_TOLERANCE = 5e-2
"""Largest difference of a parameter's gradient, relative to its norm plus the norm of all gradients. Rounding gives
about 1e-6 in float32, but a ReLU whose input changes sign can shift many equal pixels at once (4e-3 observed). A
missing gradient has the error 1."""
RECOMPILE_LIMIT = 64
"""How many times dynamo may compile `Update.forward`: the updates of all players share that one function."""


class CompiledUpdate(nn.Module):
    """Runs an update through torch.compile while its losses and gradients match the eager update's; falls back to the
    eager update with a warning otherwise.

    Random numbers are eager's (inductor's `fallback_random`). Gradient penalties compile because their inner gradient
    is traced (dynamo's `trace_autograd_ops`).

    Args:
        update: The update.
        device: Where it runs. On CUDA it is captured in CUDA graphs.
        dtype: The dtype of its matrix products, by which losses are compared.
    """

    def __init__(self, update: Update, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__()
        self.update = update
        self._tolerance = OBJECTIVE_TOLERANCE[dtype]
        # Borrowed, since its parameters are those of `update`.
        self._compiled = Borrowed(
            torch.compile(
                update, dynamic=False, options={"fallback_random": True, "triton.cudagraphs": device.type == "cuda"}
            )
        )
        self._compiles = True
        self._comparisons: dict[tuple[str, ...], int] = {}

    def forward(self, inputs: UpdateInputs) -> Losses:
        comparisons = self._comparisons.get(inputs.terms, 0)
        if self._compiles and comparisons < COMPARISONS:
            self._compare(inputs)
            self._comparisons[inputs.terms] = comparisons + 1
        losses: Losses = self._run(inputs) if self._compiles else self.update(inputs)
        return losses

    def _run(self, inputs: UpdateInputs) -> Losses:
        compiled = self._compiled.module
        with torch._dynamo.config.patch(trace_autograd_ops=True, recompile_limit=RECOMPILE_LIMIT):
            losses: Losses = compiled(inputs)
        # A CUDA graph writes its outputs to the same memory at every replay, and graphs share a pool.
        return losses.cloned()

    def _compare(self, inputs: UpdateInputs) -> None:
        eager = run_without_effects(self.update, self.update, inputs)
        try:
            compiled = run_without_effects(self.update, self._run, inputs)
        except Exception as error:  # whatever a compiler may raise: the eager update has just worked
            why: str | None = f"cannot be compiled ({str(error).strip().splitlines()[0]})"
        else:
            why = _difference(compiled, eager, self._tolerance)
        if why is not None:
            self._compiles = False
            warnings.warn(f"the update of the {self.update.player} {why}: it stays eager", RuntimeWarning, stacklevel=2)


def _difference(compiled: UpdateOutcome, eager: UpdateOutcome, tolerance: float) -> str | None:
    """The first difference beyond the tolerances, in words; None if there is none."""
    for name, objective in eager.objectives.items():
        found = compiled.objectives[name]
        if not bool((found - objective).abs() <= tolerance * (objective.abs() + 1)):
            return f"compiled has the loss {name} at {found:.6g} instead of {objective:.6g}"
    sizes = [_size(gradient) for gradient in eager.gradients.values()]
    whole = torch.stack(sizes).norm() if sizes else 0.0
    for name, wanted in eager.gradients.items():
        if not bool(_distance(compiled.gradients[name], wanted) <= GRADIENT_TOLERANCE * (_size(wanted) + whole)):
            return f"compiled has another gradient at {name}"
    return None


def _size(gradient: Tensor | None) -> Tensor:
    return torch.zeros(()) if gradient is None else gradient.norm().cpu()


def _distance(one: Tensor | None, other: Tensor | None) -> Tensor:
    return (one - other).norm().cpu() if one is not None and other is not None else _size(one) + _size(other)
