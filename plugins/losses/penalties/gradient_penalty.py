"""Gradient penalties that pull the gradient norm to 1, at images between or around those of a batch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import LossContext, LossTerm, Scheduled, UpdateContext, Values
from gan_run.plugins.losses.penalties.penalty import Penalty, gradient_norms


class GradientPenalty(Penalty):
    """WGAN-GP's penalty (Gulrajani et al. 2017, arXiv 1704.00028, equation 3).

    The mean of (gradient norm - 1)^2 at random points between real and generated images. The condition of a point is
    that of its fake.
    """

    type: Literal["gradient-penalty"] = "gradient-penalty"
    weight: Scheduled = Field(default=10.0, description="lambda in the paper.")
    one_sided: bool = Field(
        default=False,
        description="Penalise only norms above 1 (WGAN-LP, Petzka et al. 2018, arXiv 1709.08894).",
    )

    def build(self, context: LossContext) -> LossTerm:
        return GradientPenaltyTerm(self.one_sided)


class Dragan(Penalty):
    """DRAGAN's penalty (Kodali et al. 2017, arXiv 1705.07215).

    The mean of (gradient norm - 1)^2 at real images plus noise. As in the authors' code, the noise is uniform on [0, 1)
    times `spread` times the standard deviation of all pixels.
    """

    type: Literal["dragan"] = "dragan"
    weight: Scheduled = Field(default=10.0, description="lambda in the paper.")
    spread: float = Field(default=0.5, gt=0, description="Scale of the noise, in standard deviations of the pixels.")

    def build(self, context: LossContext) -> LossTerm:
        return DraganTerm(self.spread)


class OneCentredTerm(LossTerm, ABC):
    """The mean of (gradient norm - 1)^2 at extra inputs. Reports `grad_norm`."""

    def __init__(self, one_sided: bool) -> None:
        super().__init__()
        self._one_sided = one_sided

    @abstractmethod
    def points(self, real: Tensor, fake: Tensor) -> Tensor:
        """Make the points.

        Args:
            real: Real images (N, C, H, W).
            fake: Generated images (N, C, H, W).

        Returns:
            Images (N, C, H, W).
        """

    @abstractmethod
    def condition(self, update: UpdateContext) -> Values:
        """The condition of the points.

        Args:
            update: The update.

        Returns:
            Latent values by name, (N,) each.
        """

    def extra_inputs(self, player: str, real: Tensor, fake: Tensor) -> Mapping[str, Tensor]:
        return {"points": self.points(real, fake)}

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        norm = gradient_norms(update.discriminate(update.extra_input("points"), self.condition(update)).gradients)
        update.report("grad_norm", norm.mean())
        distance = norm - 1
        return (distance.relu() if self._one_sided else distance).square().mean()


class GradientPenaltyTerm(OneCentredTerm):
    """Points on the line between each real image and a fake, at a uniformly random place."""

    def points(self, real: Tensor, fake: Tensor) -> Tensor:
        share = torch.rand(len(real), 1, 1, 1, device=real.device, dtype=real.dtype)
        return torch.lerp(fake, real, share)

    def condition(self, update: UpdateContext) -> Values:
        return update.fake_output.condition


class DraganTerm(OneCentredTerm):
    """Real images plus noise."""

    def __init__(self, spread: float) -> None:
        super().__init__(one_sided=False)
        self._spread = spread

    def points(self, real: Tensor, fake: Tensor) -> Tensor:
        return real + self._spread * real.std() * torch.rand_like(real)

    def condition(self, update: UpdateContext) -> Values:
        return update.real_output.condition
