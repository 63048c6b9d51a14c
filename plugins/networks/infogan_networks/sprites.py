"""Generator and trunk for sprites, 64x64, as InfoGAN-CR has them (Lin et al. 2020, arXiv 1906.06034, appendix)."""

from typing import Literal

from pydantic import Field
from torch import nn

from gan_run import Generator, ImageShape, LatentSpace, Norm, TrunkModule, init_normal, norm_1d, norm_2d
from gan_run.plugins.networks.infogan_networks.layers import (
    PaperNetwork,
    PaperTrunk,
    SigmoidImage,
    UnitImage,
    down_block,
    fc_block,
    to_image,
)


class InfoGANSpritesGenerator(PaperNetwork, Generator):
    """FC 128, FC 4*4*64, each with ReLU, then batch norm; 4x4 transposed convolutions to 64, 32 and 32 channels, each
    with leaky ReLU, then batch norm; one to the image; sigmoid."""

    size = 64
    type: Literal["infogan-sprites"] = "infogan-sprites"
    slope: float = Field(default=0.2, ge=0, description="Negative slope of the leaky ReLU.")

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        wide, deep, shallow = self.channels(128, 64, 32)
        network = nn.Sequential(
            *(nn.Linear(latents.width, wide), nn.ReLU(), *norm_1d("batch", wide)),
            *(nn.Linear(wide, 4 * 4 * deep), nn.ReLU(), *norm_1d("batch", 4 * 4 * deep)),
            nn.Unflatten(1, (deep, 4, 4)),
            *self._up(deep, deep),
            *self._up(deep, shallow),
            *self._up(shallow, shallow),
            to_image(shallow, image.channels),
            SigmoidImage(),
        )
        init_normal(network)
        return network

    def _up(self, inputs: int, outputs: int) -> list[nn.Module]:
        return [to_image(inputs, outputs), nn.LeakyReLU(self.slope), *norm_2d("batch", outputs)]


class InfoGANSpritesTrunk(PaperTrunk):
    """4x4 convolutions to 32, 32, 64 and 64 channels with stride 2, FC 128; leaky ReLU, no norm.

    InfoGAN-CR normalises its weights: `"spectral_norm": true` in the spec's discriminator. As there, the first
    convolution sees images in [0, 1], in which the background is 0: of -1 the features are nearly constant, and a
    discriminator whose weights are normalised hardly learns.
    """

    size = 64
    type: Literal["infogan-sprites"] = "infogan-sprites"
    slope: float = Field(default=0.2, ge=0, description="Negative slope of the leaky ReLU.")
    norm: Norm = Field(default="none", description="Normalisation of all layers but the first.")

    def build(self, image: ImageShape) -> TrunkModule:
        shallow, deep, wide = self.channels(32, 64, 128)
        convolutions = [
            nn.Sequential(UnitImage(), down_block(image.channels, shallow, self.slope, "none")),
            down_block(shallow, shallow, self.slope, self.norm),
            down_block(shallow, deep, self.slope, self.norm),
            down_block(deep, deep, self.slope, self.norm),
        ]
        last = nn.Sequential(nn.Flatten(), fc_block(4 * 4 * deep, wide, nn.LeakyReLU(self.slope), self.norm))
        return self.stack(convolutions, (shallow, shallow, deep, deep), last, wide)
