"""The generator `volume`."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gan_run import (
    DataInfo,
    Generator,
    ImageShape,
    LatentSpace,
    Problem,
    SpecView,
    init_normal,
    scaled,
)
from gan_run.plugins.networks.volume.rendering import composite, middles, resample, turned, view_points

SMALLEST = 4
"""Side of the first grid."""
OPAQUE = 8.0
"""Factor on densities: a fraction of the volume's edge is enough to be opaque."""
SHARP = 4.0
"""Factor on what the network adds to the density before it is made positive, so that edges form early."""
HARMONICS = 2
"""Coefficients of a point's brightness: of the cosine and of the sine of the azimuth that it is seen from."""


class VolumeGenerator(Generator):
    """A grid of density and colour that an angle turns, rendered in front of a plain background: for single objects.

    The latent in `turn` turns what is drawn by construction. All others enter a linear layer to a grid of 4x4x4, which
    transposed convolutions double, with batch norm and ReLU between (Wu et al. 2016, arXiv 1610.07584), and a linear
    layer to a tint, which is added to all colours. The grid is turned, and rendered by emission and absorption
    (Henzler et al. 2019, arXiv 1811.11606). A training begins with a ball. Without `shading`, a point has one colour
    from all sides.
    """

    type: Literal["volume"] = "volume"
    width: float = Field(
        default=1.0, gt=0, description="Factor on the number of channels: 256, halved at each doubling."
    )
    turn: str = Field(description="The latent, an angle, by which the object is turned about the vertical axis.")
    elevation: float = Field(
        default=0.0, ge=-90, le=90, description="Angle of the camera above the horizon, in degrees."
    )
    distance: float | None = Field(
        default=None,
        gt=1,
        description="Distance of the camera from the middle of the grid, in halves of its side; null for parallel "
        "rays.",
    )
    background: float = Field(default=1.0, ge=0, le=1, description="Brightness behind the object: 0 black, 1 white.")
    grid: Literal[8, 16, 32, 64, 128] = Field(default=32, description="Side of the grid.")
    depth: int = Field(default=24, ge=2, le=512, description="Number of points on the ray of each pixel.")
    shading: bool = Field(
        default=False,
        description="Whether a point's brightness depends on the side that it is seen from, as it does where the light "
        "stays with the camera: spherical harmonics of degree 1 (Fridovich-Keil et al. 2022, arXiv 2112.05131).",
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        yield from spec.check_latent(self.turn, "turn")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        latents = spec.latent_space(data)
        if set(latents) == {self.turn}:
            yield Problem(("turn",), "at least one other latent must make the objects differ")
        if self.turn in latents and (latents[self.turn].period is None or latents[self.turn].width != 2):
            yield Problem(("turn",), f"{self.turn!r} is not one angle: a latent of type circular is")

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        return VolumeGeneratorModule(self, latents, image)


class VolumeGeneratorModule(nn.Module):
    """Embedded latents (N, W) to images (N, C, H, W) in [-1, 1]."""

    shape_columns: Tensor
    turn_columns: Tensor
    points: Tensor
    ball: Tensor

    def __init__(self, declared: VolumeGenerator, latents: LatentSpace, image: ImageShape) -> None:
        super().__init__()
        turn_columns, shape_columns = latents.split_columns([declared.turn])
        self.register_buffer("turn_columns", turn_columns, persistent=False)
        self.register_buffer("shape_columns", shape_columns, persistent=False)
        points = view_points(image, declared.depth, declared.elevation, declared.distance)
        self.register_buffer("points", points, persistent=False)
        self.register_buffer("ball", _ball(declared.grid), persistent=False)
        self._parts = [1, image.channels, HARMONICS if declared.shading else 0]  # density, colour, harmonics
        self.network = _grids(len(self.shape_columns), declared, sum(self._parts))
        self.tint = nn.Linear(len(self.shape_columns), image.channels)
        init_normal(self.tint)
        self._background = 2 * declared.background - 1

    def forward(self, embedded: Tensor) -> Tensor:
        latents = embedded[:, self.shape_columns]
        grid, tint = self.network(latents), self.tint(latents)
        with torch.autocast(embedded.device.type, enabled=False):  # an angle of three digits would shake the object
            azimuth = embedded[:, self.turn_columns].float()
            density = OPAQUE * F.softplus(SHARP * grid[:, :1].float() + self.ball)
            volume = torch.cat([density, grid[:, 1:].float()], dim=1)
            seen, colour, harmonics = torch.split(resample(volume, turned(self.points, azimuth)), self._parts, dim=1)
            colour = colour + tint.float()[:, :, None, None, None]
            if harmonics.shape[1]:
                colour = colour + _brightness(harmonics, azimuth)
            return composite(seen[:, 0], colour.tanh(), self._background)


def _brightness(harmonics: Tensor, azimuth: Tensor) -> Tensor:
    """The brightness of points as seen from an azimuth, (N, 1, D, H, W), from their coefficients (N, 2, D, H, W)."""
    return (harmonics * azimuth[:, :, None, None, None]).sum(dim=1, keepdim=True)


def _ball(side: int) -> Tensor:
    """What is added to the density before it is made positive, (D, H, W): falls with the distance from the middle."""
    squares = middles(side) ** 2
    return 1 - 5 * (squares[:, None, None] + squares[None, :, None] + squares[None, None, :]).sqrt()


def _grids(inputs: int, declared: VolumeGenerator, outputs: int) -> nn.Sequential:
    """The network from latents (N, inputs) to a grid (N, outputs, side, side, side)."""
    doublings = (declared.grid // SMALLEST).bit_length() - 1
    channels = [scaled(256 / 2**level, declared.width) for level in range(doublings)]
    layers: list[nn.Module] = [
        nn.Linear(inputs, channels[0] * SMALLEST**3),
        nn.Unflatten(1, (channels[0], SMALLEST, SMALLEST, SMALLEST)),
        nn.BatchNorm3d(channels[0]),
        nn.ReLU(),
    ]
    for wide, narrow in pairwise(channels):
        layers += [nn.ConvTranspose3d(wide, narrow, 4, stride=2, padding=1), nn.BatchNorm3d(narrow), nn.ReLU()]
    layers.append(nn.ConvTranspose3d(channels[-1], outputs, 4, stride=2, padding=1))
    network = nn.Sequential(*layers)
    init_normal(network)
    return network
