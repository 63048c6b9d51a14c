"""The PatchGAN head."""

from collections.abc import Iterable
from typing import Literal

from torch import Tensor, nn

from gan_run import Features, Head, HeadModule, LatentSpace, Problem, SpecView, Trunk, TrunkModule, Values, init_normal


class Patch(Head):
    """PatchGAN (Isola et al. 2017, arXiv 1611.07004, section 3.2.2): a logit for each position of the trunk's last
    feature map."""

    type: Literal["patch"] = "patch"

    def check(self, spec: SpecView) -> Iterable[Problem]:
        trunk = spec.part(Trunk, "discriminator", "trunk")
        if not trunk.has_feature_maps():
            yield Problem(("type",), f"the trunk {trunk.name()} has no feature maps, which this head needs")

    def build(self, trunk: TrunkModule, latents: LatentSpace) -> HeadModule:
        return PatchModule(trunk.map_channels[-1])


class PatchModule(HeadModule):
    """Logits (N, H * W) of the last feature map (N, C, H, W); the condition and the feature vector are ignored."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels, 1, 1)
        init_normal(self)

    def forward(self, features: Features, condition: Values) -> Tensor:
        logits = self.layer(features.maps[-1]).flatten(1)
        assert isinstance(logits, Tensor)
        return logits
