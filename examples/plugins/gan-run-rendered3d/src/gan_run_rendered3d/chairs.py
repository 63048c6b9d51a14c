"""Rendered chairs from Sweet Home 3D's furniture libraries."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gan_run import Column, DataError, SpecPath, track_progress
from gan_run_rendered3d.furniture import Entry, Library, read_entries
from gan_run_rendered3d.keeping import Arrays, Credit, Rendered
from gan_run_rendered3d.source import RenderedSet

if TYPE_CHECKING:
    from gan_run_rendered3d.models import Coloured
    from gan_run_rendered3d.studio import Studio

AMBIENT, DIFFUSE = 0.25, 0.8


class RenderedChairs(RenderedSet):
    """57 chairs of Sweet Home 3D's furniture libraries, rendered from the views of "Seeing 3D chairs" (Aubry et al.
    2014): 31 azimuths and two elevations, on white.

    Azimuth and elevation, in degrees, are factors, and the chair is the class. Most models are licensed CC-BY: publish
    their renders together with the table attribution.tsv.
    """

    type: Literal["rendered-chairs"] = "rendered-chairs"
    furniture: SpecPath = Field(
        default=Path("/usr/share/sweethome3d/furniture"), description="The folder of the .sh3f files."
    )
    models: SpecPath | None = Field(
        default=None, description="A table of the models to render (library, model, author, licence); null: our 57."
    )
    size: int = Field(default=64, ge=8, le=512, description="Height and width of the images, in pixels.")
    azimuths: int = Field(default=31, ge=1, le=360, description="Number of azimuths, evenly spaced around each chair.")
    elevations: tuple[float, ...] = Field(
        default=(20, 30), min_length=1, description="Elevations of the camera, in degrees above the horizon."
    )

    channels: ClassVar[int] = 3
    models_fields: ClassVar[frozenset[str]] = frozenset({"furniture", "models"})
    factors: ClassVar[Mapping[str, Column]] = {"azimuth": Column("angle"), "elevation": Column("continuous")}

    @property
    def count(self) -> int:
        return len(self._entries) * len(self._poses)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        kept = self.kept("model_name")
        names = [credit.name for credit in self._credits(self._libraries())] if kept is None else kept["model_name"]
        return tuple(f"{number} {name}" for number, name in enumerate(names))

    def recipe(self) -> dict[str, object]:
        return {**super().recipe(), "models": [f"{entry.library}{entry.model}" for entry in self._entries]}

    def labels(self, arrays: Arrays) -> NDArray[np.int64]:
        return arrays["model_id"].astype(np.int64)

    def table(self, arrays: Arrays) -> NDArray[np.float64]:
        return np.stack([arrays["azimuth_deg"], arrays["elevation_deg"]], axis=1).astype(np.float64)

    def render(self) -> Rendered:
        # VTK may be loaded in the renderer process alone: see `apart`.
        from gan_run_rendered3d.models import read_model
        from gan_run_rendered3d.studio import Lens, open_studio

        libraries = self._libraries()
        images = []
        with (
            open_studio(self.size, Lens(distance=4, angle=29.5), "white") as studio,
            studio.lamp((2, 3, 4), 0.7, follows=True),
            studio.lamp((0, 0, 1), 0.35, follows=True),
        ):
            for entry in track_progress(
                self._entries, f"rendering {self.count} views of {len(self._entries)} chairs into {self.home}"
            ):
                images.extend(_views(studio, read_model(libraries[entry.library], entry), self._poses))
        poses = np.array(self._poses * len(self._entries), dtype=np.float32)
        arrays: Arrays = {
            "images": np.stack(images),
            "model_id": np.repeat(np.arange(len(self._entries), dtype=np.int16), len(self._poses)),
            "azimuth_deg": poses[:, 0],
            "elevation_deg": poses[:, 1],
        }
        attribution = self._credits(libraries)
        arrays.update(
            {f"model_{name}": np.array([credit[column] for credit in attribution]) for column, name in _CREDIT_FIELDS}
        )
        return Rendered(arrays, attribution)

    @cached_property
    def _entries(self) -> list[Entry]:
        entries = read_entries(self.models)
        if not entries:
            raise DataError(f"data.models: {self.models} has no rows")
        return entries

    @cached_property
    def _poses(self) -> list[tuple[float, float]]:
        """Azimuth and elevation of each view of a chair, in degrees."""
        around = [360 * step / self.azimuths for step in range(self.azimuths)]
        return [(azimuth, elevation) for elevation in self.elevations for azimuth in around]

    def _libraries(self) -> dict[str, Library]:
        return {name: Library(self.furniture / f"{name}.sh3f") for name in {entry.library for entry in self._entries}}

    def _credits(self, libraries: Mapping[str, Library]) -> list[Credit]:
        return [libraries[entry.library].credit(entry) for entry in self._entries]


_CREDIT_FIELDS = tuple(enumerate(Credit._fields))


def _views(studio: "Studio", mesh: "Coloured", poses: list[tuple[float, float]]) -> list[NDArray[np.uint8]]:
    from gan_run_rendered3d.studio import coloured

    look = {"scalars": "colour", "rgb": True}
    with studio.model(coloured(mesh.triangles, mesh.colours), AMBIENT, DIFFUSE, **look):
        return [studio.shoot(azimuth, elevation) for azimuth, elevation in poses]
