"""Adam and AdamW."""

from abc import ABC
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

import torch
from pydantic import AfterValidator, Field

from gan_run import (
    Optimizer,
    ParameterGroup,
    Problem,
    Progress,
    Schedule,
    Scheduled,
    SpecView,
    Train,
    wrong_value,
)


def _is_decay(beta: float) -> bool:
    return 0 <= beta < 1


def _check_beta(beta: float | Schedule) -> float | Schedule:
    if isinstance(beta, float) and not _is_decay(beta):
        raise ValueError(f"{beta:g} is no decay: it is at least 0 and less than 1")
    return beta


Beta = Annotated[Scheduled, AfterValidator(_check_beta)]
Betas = tuple[float | Schedule, float | Schedule]
START = Progress(0, 1)
BETAS = Field(
    default=(0.5, 0.999),
    description="Decays of the moving averages of the gradient and of its square: numbers or schedules.",
)


class _Betas(Optimizer, ABC):
    """An optimizer with moving averages of the gradient and of its square."""

    betas: tuple[Beta, Beta] = BETAS

    def check(self, spec: SpecView) -> Iterable[Problem]:
        yield from super().check(spec)
        for index, beta in enumerate(self.betas):
            if wrong := wrong_value(beta, spec.part(Train, "train").steps, _is_decay):
                yield Problem(("betas", index), f"{wrong} is no decay: it is at least 0 and less than 1")

    def settings(self, progress: Progress) -> Mapping[str, object]:
        return {**super().settings(progress), "betas": _values(self.betas, progress)}


class Adam(_Betas):
    """Adam (Kingma & Ba 2014, arXiv 1412.6980), by default with the betas of DCGAN and InfoGAN."""

    type: Literal["adam"] = "adam"
    eps: float = Field(default=1e-8, gt=0, description="Added to the denominator, against division by zero.")

    def build(self, parameters: list[ParameterGroup]) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, betas=_values(self.betas, START), eps=self.eps, fused=True)


class AdamW(_Betas):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2017, arXiv 1711.05101)."""

    type: Literal["adamw"] = "adamw"
    eps: float = Field(default=1e-8, gt=0, description="Added to the denominator.")
    weight_decay: float = Field(default=0.01, ge=0, description="Weight decay per step, relative to the learning rate.")

    def build(self, parameters: list[ParameterGroup]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            parameters, betas=_values(self.betas, START), eps=self.eps, weight_decay=self.weight_decay, fused=True
        )


def _values(betas: Betas, progress: Progress) -> tuple[float, float]:
    return progress.value(betas[0]), progress.value(betas[1])
