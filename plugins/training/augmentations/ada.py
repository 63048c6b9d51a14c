"""Adaptive discriminator augmentation (ADA)."""

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
    """Adaptive discriminator augmentation (ADA, Karras et al. 2020, arXiv 2006.06676): each augmentation is applied
    with probability p, which rises while the mean sign of D's logits on real images is above `target`, a sign of
    overfitting, and falls while it is below.

    The augmentations and their strengths are the paper's "bgc" (appendix B), as one bilinear warp and one colour
    transform; the original also upsamples before it warps.
    """

    type: Literal["ada"] = "ada"
    pipe: tuple[Part, ...] = Field(
        default=("blit", "geom", "color"),
        min_length=1,
        description="Augmentations. blit: flips, quarter turns, shifts by whole pixels; geom: scale, rotation, "
        "shift; color: brightness, contrast, hue, saturation.",
    )
    start: float = Field(default=0.0, ge=0, le=1, description="The initial probability p.")
    target: float = Field(
        default=0.6, ge=-1, le=1, description="The mean sign of D's logits on real images at which p is constant."
    )
    speed: float = Field(
        default=500_000, ge=0, description="Number of real images in which p rises from 0 to 1; 0 keeps p constant."
    )
    every: int = Field(default=4, ge=1, description="Number of discriminator updates between two adjustments of p.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for _, loss in spec.find_all(Loss):
            if loss.shift_invariant and self.speed > 0:
                why = "a logit's sign has no meaning there"
                message = f"not with {loss.name()}: {why}; set speed to 0, which keeps p constant"
                yield Problem(("speed",), message)

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if "color" in self.pipe and data.image.channels not in (1, 3):
            yield Problem(("pipe",), f"color needs one or three channels, and the data has {data.image}")

    def build(self, image: ImageShape) -> "AdaModule":
        return AdaModule(self)


class AdaModule(AugmentationModule):
    """Images (N, C, H, W) to augmented ones. The probability p is a buffer, so that checkpoints hold it."""

    p: Tensor
    signs: Tensor
    updates: Tensor

    def __init__(self, declared: Ada) -> None:
        super().__init__()
        self._declared = declared
        self.register_buffer("p", torch.tensor(declared.start))
        self.register_buffer(
            "signs", torch.tensor(0.0)
        )  # the sum of the mean signs of D(real) since the last adjustment
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
        # Tensor operations alone: the host does not wait for the device.
        self.updates += 1
        self.signs += real_logits.sign().mean()
        due = self.updates % declared.every == 0
        step = (self.signs / declared.every - declared.target).sign() * len(real_logits) * declared.every
        self.p.copy_(torch.where(due, self.p + step / declared.speed, self.p).clamp(0, 1))
        self.signs.mul_(~due)
