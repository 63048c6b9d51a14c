"""Adam and AdamW."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import torch
from pydantic import Field

from gan_run import Optimizer, ParameterGroup, Problem, Progress, Schedule, Scheduled, SpecView

BETAS = Field(
    default=(0.5, 0.999),
    description="Decays of the moving averages of the gradient and of its square: numbers or schedules.",
)


class Adam(Optimizer):
    """Adam (Kingma & Ba 2014, arXiv 1412.6980), by default with the betas of DCGAN and InfoGAN."""

    type: Literal["adam"] = "adam"
    betas: tuple[Scheduled, Scheduled] = BETAS
    eps: float = Field(default=1e-8, gt=0, description="Added to the denominator, against division by zero.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        yield from super().check(spec)
        yield from _check_betas(self.betas)

    def settings(self, progress: Progress) -> Mapping[str, object]:
        return {**super().settings(progress), "betas": tuple(map(progress.value, self.betas))}

    def build(self, parameters: list[ParameterGroup]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, eps=self.eps, fused=True)


class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2017, arXiv 1711.05101)."""

    type: Literal["adamw"] = "adamw"
    betas: tuple[Scheduled, Scheduled] = BETAS
    eps: float = Field(default=1e-8, gt=0, description="Added to the denominator.")
    weight_decay: float = Field(default=0.01, ge=0, description="Weight decay per step, relative to the learning rate.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        yield from super().check(spec)
        yield from _check_betas(self.betas)

    def settings(self, progress: Progress) -> Mapping[str, object]:
        return {**super().settings(progress), "betas": tuple(map(progress.value, self.betas))}

    def build(self, parameters: list[ParameterGroup]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(parameters, eps=self.eps, weight_decay=self.weight_decay, fused=True)


def _check_betas(betas: tuple[float | Schedule, float | Schedule]) -> Iterator[Problem]:
    for index, beta in enumerate(betas):
        if isinstance(beta, float) and not 0 <= beta < 1:
            yield Problem(("betas", index), f"{beta:g} is no decay: it is at least 0 and less than 1")
