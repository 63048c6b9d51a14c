"""Changes that come as often as the discriminator overfits."""

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, DataInfo, ImageShape, Loss, Problem, SpecView
from gan_run.plugins.training.augmentations import ada_colour, ada_geometry
from gan_run.plugins.training.augmentations.warping import warp

Part = Literal["blit", "geom", "color"]


class Ada(Augmentation):
    """Adaptive discriminator augmentation (Karras et al. 2020, arXiv 2006.06676): each change comes with probability p,
    which rises while more than `target` of the sign of D's logits on real images is positive, and falls otherwise.

    The changes and their sizes are those of its table "bgc", in one bilinear warp and one colour transform; the
    original also upsamples before it warps.
    """

    type: Literal["ada"] = "ada"
    pipe: tuple[Part, ...] = Field(
        default=("blit", "geom", "color"),
        min_length=1,
        description="Flips, quarter turns and whole pixels; scale, rotation and shift; colour.",
    )
    start: float = Field(default=0.0, ge=0, le=1, description="The probability p to begin with.")
    target: float = Field(default=0.6, ge=-1, le=1, description="The mean sign of D(real) to steer to.")
    speed: float = Field(default=500_000, ge=0, description="Real images that p takes from 0 to 1; 0 holds p.")
    every: int = Field(default=4, ge=1, description="Updates of the discriminator between two corrections.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for _, loss in spec.find_all(Loss):
            if loss.shift_invariant and self.speed > 0:
                message = f"not with {loss.name()}, under which the sign of a logit says nothing: hold p by speed 0"
                yield Problem(("speed",), message)

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if "color" in self.pipe and data.image.channels not in (1, 3):
            yield Problem(("pipe",), f"color is for one or three channels, and the data has {data.image}")

    def build(self, image: ImageShape) -> "AdaModule":
        return AdaModule(self)


class AdaModule(AugmentationModule):
    """Its probability is part of the checkpoint."""

    p: Tensor
    signs: Tensor
    updates: Tensor

    def __init__(self, declared: Ada) -> None:
        super().__init__()
        self._declared = declared
        self.register_buffer("p", torch.tensor(declared.start))
        self.register_buffer("signs", torch.tensor(0.0))  # of D(real): their sum since the last correction
        self.register_buffer("updates", torch.tensor(0))

    def forward(self, images: Tensor) -> Tensor:
        n, _, height, width = images.shape
        pipe = self._declared.pipe
        maps = ada_geometry.maps(n, (height, width), self.p, blit="blit" in pipe, geom="geom" in pipe)
        images = warp(images, maps, "reflection")
        return ada_colour.recolour(images, self.p) if "color" in pipe else images

    def after_update(self, real_logits: Tensor) -> None:
        declared = self._declared
        if declared.speed == 0:
            return
        # On the device, without a look at the numbers: no host waits for them.
        self.updates += 1
        self.signs += real_logits.sign().mean()
        due = self.updates % declared.every == 0
        step = (self.signs / declared.every - declared.target).sign() * len(real_logits) * declared.every
        self.p.copy_(torch.where(due, self.p + step / declared.speed, self.p).clamp(0, 1))
        self.signs.mul_(~due)
