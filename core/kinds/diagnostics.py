"""What a logged step shows beyond its losses."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from gan_run.core.kinds.model import Model


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """The state of training after a logged step, for callbacks that look for trouble.

    Attributes:
        model: The networks as training uses them: the EMA of the generator, if there is one, and batch norms with the
            statistics of each batch. Unlike the model of an event it measures no standing statistics, so it is cheap
            enough for every log line.
        real: The real images of the step's last update, (N, C, H, W) in [-1, 1].
        gradient_norms: The norm of the gradient of each player's last update, by player, before it was clipped.
        discriminator_slope: How strongly D's objective still depends on its logits: the sum of its absolute
            derivatives with respect to them, as a share of the same sum where all logits are equal, as those of a D
            that cannot tell real images from generated ones. 0 if D is as good as its loss asks for; 1 always for the
            Wasserstein loss, which is linear. None where no loss is a function of real and fake logits alone.
    """

    model: Model
    real: Tensor
    gradient_norms: Mapping[str, float]
    discriminator_slope: float | None
