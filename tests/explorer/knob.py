"""A third party's latent: a number in [0, 1], with a control of its own."""

from typing import Literal

import torch
from torch import Tensor
from torch.distributions import Distribution, Normal

from gan_run import Control, Latent, LatentContext, LatentModule, hookimpl

SCRIPT = """
class PhaseKnob extends HTMLElement {
  connectedCallback() {
    this.innerHTML = `<input type="number" min="0" max="1">`;
    this.firstElementChild.step = this.settings.step;
    this.firstElementChild.setAttribute("aria-label", this.label);
  }
  get value() { return Number(this.firstElementChild.value); }
  set value(number) { this.firstElementChild.value = number.toFixed(2); }
}
customElements.define("phase-knob", PhaseKnob);
"""


class Phase(Latent):
    """A number in [0, 1]."""

    type: Literal["phase"] = "phase"

    def build(self, context: LatentContext) -> "PhaseModule":
        return PhaseModule()


class PhaseModule(LatentModule):
    """Values are real numbers, float (N,)."""

    width = posterior_width = 1

    def sample(self, n: int) -> Tensor:
        return torch.rand(n, device=self.device)

    def embed(self, value: Tensor) -> Tensor:
        return (2 * value - 1).unsqueeze(-1)

    def posterior(self, params: Tensor) -> Distribution:
        return Normal(params[..., 0], torch.ones_like(params[..., 0]), validate_args=False)

    def entropy(self) -> Tensor:
        return torch.zeros((), device=self.device)

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        return torch.linspace(0, 1, steps, device=self.device)

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        return torch.zeros((), device=self.device)

    def control(self) -> Control:
        return Control("phase-knob", {"step": 0.25}, SCRIPT)


@hookimpl
def gan_run_components() -> list[type[Latent]]:
    return [Phase]
