"""The generator."""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from gan_run import (
    DataInfo,
    Generator,
    ImageShape,
    Latent,
    LatentSpace,
    Problem,
    SpecView,
    StyledGenerator,
    check_resolution,
    full_precision,
    upsampling_plan_of,
)
from gan_run.plugins.networks.style.layers import channels_of
from gan_run.plugins.networks.style.mapping import LatentInput, MappingNetwork, Redraw, mixed
from gan_run.plugins.networks.style.synthesis import Synthesis

DECAY = 0.998
"""Decay of the running mean of styles."""


class StyleGenerator(Generator):
    """StyleGAN2's generator: a mapping network from latents to styles, which scale the channels of every layer.

    Images are not bounded. The sampling option `truncation` moves styles to their mean: 1 leaves them, 0 gives the mean
    itself, less varied and more typical images between. Noise is new in training and always the same afterwards.
    Images have any size from 5x5 pixels: one that doublings do not reach is the centre of the next size up.
    """

    type: Literal["style"] = "style"
    width: float = Field(
        default=1.0,
        gt=0,
        description="Factor on the number of channels: 64 at 64x64, doubled at half the size, to 512.",
    )
    style_width: int = Field(default=256, ge=1, description="Length of a style, and width of the mapping network.")
    depth: int = Field(default=4, ge=1, le=100, description="Layers of the mapping network; the paper has 8.")
    noise: tuple[str, ...] = Field(
        default=("z",),
        description="Latents that are noise: style mixing draws them anew, and of their columns only the direction "
        "counts. All others are codes or conditions, which both styles of a mixed image share.",
    )
    mixing: float = Field(default=0.9, ge=0, le=1, description="Share of images in training whose styles are mixed.")

    def has_styles(self) -> bool:
        return True

    def check(self, spec: SpecView) -> Iterable[Problem]:
        declared = {place[-1]: latent for place, latent in spec.find_all(Latent) if place[0] == "latents"}
        for index, name in enumerate(self.noise):
            yield from spec.check_latent(name, "noise", index)
            if name in declared and declared[name].depends_on():
                others = " and ".join(declared[name].depends_on())
                yield Problem(
                    ("noise", index), f"{name!r} depends on {others}, and is no noise that can be drawn alone"
                )

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        return check_resolution(self.type, data.image)

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        return StyleGeneratorModule(self, latents, image)


class StyleGeneratorModule(StyledGenerator):
    """Embedded latents (N, W) to images (N, C, H, W). Styles are (N, L, S), one for each layer."""

    sampling_options = MappingProxyType({"truncation": 1.0})
    mean_style: Tensor

    def __init__(self, declared: StyleGenerator, latents: LatentSpace, image: ImageShape) -> None:
        super().__init__()
        width = declared.style_width
        self.input = LatentInput(latents, declared.noise, width)
        self.mapping = MappingNetwork(self.input.width, width, declared.depth)
        self.synthesis = Synthesis(width, channels_of(image, declared.width), upsampling_plan_of(image), image)
        self.register_buffer("mean_style", torch.zeros(width))
        self._redraw = Redraw(latents, declared.noise)
        self._mixing = declared.mixing if declared.noise else 0.0

    def styles(self, embedded: Tensor) -> Tensor:
        style = self._style(embedded)
        if self.training:
            with torch.no_grad():
                self.mean_style.lerp_(style.mean(dim=0), 1 - DECAY)
            if self._mixing:
                return mixed(style, self._style(self._redraw(embedded)), self.synthesis.layers, self._mixing)
        return style[:, None].expand(-1, self.synthesis.layers, -1)

    def synthesize(self, styles: Tensor) -> Tensor:
        images = self.synthesis(styles)
        assert isinstance(images, Tensor)
        return images

    def forward(self, embedded: Tensor, truncation: float = 1.0) -> Tensor:
        styles = self.styles(embedded)
        return self.synthesize(styles if truncation == 1 else self.mean_style.lerp(styles, truncation))

    def _style(self, embedded: Tensor) -> Tensor:
        return full_precision(self.mapping(self.input(embedded)))
