"""Adaptive discriminator augmentation (ADA)."""

from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import (
    Augmentation,
    AugmentationModule,
    DataInfo,
    FollowsProgress,
    ImageShape,
    Loss,
    Problem,
    Progress,
    Scheduled,
    SpecView,
    Train,
    wrong_value,
)
from gan_run.plugins.training.augmentations import ada_colour, ada_geometry
from gan_run.plugins.training.augmentations.warping import warp

Part = Literal["blit", "geom", "color"]


class Ada(Augmentation):
    """Adaptive discriminator augmentation (Karras et al. 2020, arXiv 2006.06676).

    Each transform is applied with probability p. p rises while the mean sign of D's logits on real images exceeds
    `target`, and falls otherwise. The transforms and their ranges are the paper's "bgc", in one bilinear warp and one
    colour transform; the original also upsamples before the warp. Rotations are of the pixels, also in rectangular
    images; what they show beyond the edges is the reflected image. A quarter turn interpolates by half a pixel where
    height and width differ by an odd number.
    """

    type: Literal["ada"] = "ada"
    pipe: tuple[Part, ...] = Field(
        default=("blit", "geom", "color"),
        min_length=1,
        description="blit: flips, quarter turns, integer translation; geom: scale, rotation, translation; color.",
    )
    start: float = Field(default=0.0, ge=0, le=1, description="Initial probability p.")
    target: float = Field(default=0.6, ge=-1, le=1, description="Target of the mean sign of D(real).")
    speed: float = Field(
        default=500_000, ge=0, description="Number of real images in which p can go from 0 to 1; 0 fixes p."
    )
    every: int = Field(default=4, ge=1, description="Discriminator updates between two changes of p.")
    probability: Scheduled | None = Field(
        default=None, description="p itself, as a rule a schedule, in place of one that adapts; null to adapt."
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        if self.probability is not None:
            steps = spec.part(Train, "train").steps
            if wrong := wrong_value(self.probability, steps, lambda p: 0 <= p <= 1):
                yield Problem(("probability",), f"{wrong} is no probability: it is from 0 to 1")
        for _, loss in spec.find_all(Loss):
            if loss.shift_invariant and self.adapts:
                message = f"not with {loss.name()}, where a logit's sign means nothing: set probability, or speed to 0"
                yield Problem(("speed",), message)

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if "color" in self.pipe and data.image.channels not in (1, 3):
            message = f"color needs one or three channels, and the data has {data.image}: leave it out"
            yield Problem(("pipe",), message)

    @property
    def adapts(self) -> bool:
        """Whether p follows the discriminator's logits."""
        return self.probability is None and self.speed > 0

    def build(self, image: ImageShape) -> "AdaModule":
        return AdaModule(self)


class AdaModule(AugmentationModule, FollowsProgress):
    """The probability p is saved in the checkpoint."""

    p: Tensor
    signs: Tensor
    updates: Tensor

    def __init__(self, declared: Ada) -> None:
        super().__init__()
        self._declared = declared
        self.register_buffer("p", torch.tensor(declared.start))
        self.register_buffer("signs", torch.tensor(0.0))  # sum of the mean signs of D(real) since the last change of p
        self.register_buffer("updates", torch.tensor(0))

    def forward(self, images: Tensor) -> Tensor:
        n, _, height, width = images.shape
        pipe = self._declared.pipe
        maps = ada_geometry.maps(n, (height, width), self.p, blit="blit" in pipe, geom="geom" in pipe)
        images = warp(images, maps, "reflection")
        return ada_colour.recolour(images, self.p) if "color" in pipe else images

    def reports(self) -> Mapping[str, Tensor]:
        return {"p": self.p}

    def before_step(self, progress: Progress) -> None:
        if self._declared.probability is not None:
            self.p.fill_(progress.value(self._declared.probability))

    def after_update(self, real_logits: Tensor) -> None:
        declared = self._declared
        if not declared.adapts:
            return
        # Arithmetic on the device alone: the host never reads a value.
        self.updates += 1
        self.signs += real_logits.sign().mean()
        due = self.updates % declared.every == 0
        step = (self.signs / declared.every - declared.target).sign() * len(real_logits) * declared.every
        self.p.copy_(torch.where(due, self.p + step / declared.speed, self.p).clamp(0, 1))
        self.signs.mul_(~due)
