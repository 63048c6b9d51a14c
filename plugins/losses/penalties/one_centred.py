"""Penalties on the distance of the gradient norm to one, at points between or around the images of a batch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import LossContext, LossTerm, Scheduled, UpdateContext, Values
from gan_run.plugins.losses.penalties.penalty import Penalty, gradient_norms


class GradientPenalty(Penalty):
    """WGAN-GP's gradient penalty (Gulrajani et al. 2017, arXiv 1704.00028, equation 3): the mean of (gradient norm -
    1)^2 at random points between real and generated images. Each point is judged under the condition of its fake."""

    type: Literal["gradient-penalty"] = "gradient-penalty"
    weight: Scheduled = Field(default=10.0, description="The paper's lambda.")
    one_sided: bool = Field(
        default=False,
        description="Whether only norms above one are penalised (WGAN-LP, Petzka et al. 2018, arXiv 1709.08894).",
    )

    def build(self, context: LossContext) -> LossTerm:
        return GradientPenaltyTerm(self.one_sided)


class Dragan(Penalty):
    """DRAGAN's gradient penalty (Kodali et al. 2017, arXiv 1705.07215): the mean of (gradient norm - 1)^2 at perturbed
    real images. As in the authors' code, the perturbation of a pixel is uniform on [0, 1), times `spread`, times the
    standard deviation of all pixels of the batch."""

    type: Literal["dragan"] = "dragan"
    weight: Scheduled = Field(default=10.0, description="The paper's lambda.")
    spread: float = Field(default=0.5, gt=0, description="Largest perturbation, in standard deviations of the pixels.")

    def build(self, context: LossContext) -> LossTerm:
        return DraganTerm(self.spread)


class OneCentredTerm(LossTerm, ABC):
    """The mean of (gradient norm - 1)^2 at points that a subclass chooses."""

    def __init__(self, one_sided: bool) -> None:
        super().__init__()
        self._one_sided = one_sided

    @abstractmethod
    def points(self, real: Tensor, fake: Tensor) -> Tensor:
        """The images (N, C, H, W) to differentiate at, given real and fake images of the same shape."""

    @abstractmethod
    def condition(self, update: UpdateContext) -> Values:
        """The condition under which D judges the points."""

    def extra_inputs(self, player: str, real: Tensor, fake: Tensor) -> Mapping[str, Tensor]:
        return {"points": self.points(real, fake)}

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        norm = gradient_norms(update.discriminate(update.extra_input("points"), self.condition(update)).gradients)
        update.report("grad_norm", norm.mean())
        distance = norm - 1
        return (distance.relu() if self._one_sided else distance).square().mean()


class GradientPenaltyTerm(OneCentredTerm):
    """At a uniformly random point on the line between each real image and a fake."""

    def points(self, real: Tensor, fake: Tensor) -> Tensor:
        share = torch.rand(len(real), 1, 1, 1, device=real.device, dtype=real.dtype)
        return torch.lerp(fake, real, share)

    def condition(self, update: UpdateContext) -> Values:
        return update.fake_output.condition


class DraganTerm(OneCentredTerm):
    """At each real image plus noise."""

    def __init__(self, spread: float) -> None:
        super().__init__(one_sided=False)
        self._spread = spread

    def points(self, real: Tensor, fake: Tensor) -> Tensor:
        return real + self._spread * real.std() * torch.rand_like(real)

    def condition(self, update: UpdateContext) -> Values:
        return update.real_output.condition
