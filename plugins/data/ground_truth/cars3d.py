"""The data source `cars3d`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gan_run import (
    Column,
    Columns,
    DataError,
    ImageShape,
    SpecPath,
    Unpacking,
    damaged_file,
    read_mat,
    resize_pixels,
)
from gan_run.plugins.data.ground_truth.lattice import Lattice

AZIMUTHS, ELEVATIONS = 24, 4
VIEWS = AZIMUTHS * ELEVATIONS
STORED = (128, 128, 3, AZIMUTHS, ELEVATIONS)
"""The shape of the array `im` of each car."""
HOW_TO_FETCH = (
    "fetch http://www.scottreed.info/files/nips2015-analogy-data.tar.gz and unpack it; data.root is its folder "
    "data/cars, with a .mat file for each car"
)


class Cars3D(Lattice):
    """Cars3D (Reed et al. 2015): renders of 183 car models in 24 azimuths and 4 elevations, in the authors' .mat files.

    The 17,568 images of 128x128 pixels are resized (disentanglement_lib takes 64). The columns are the class `label`
    (the car), `azimuth` in degrees, and `elevation`, the number of the elevation, 0 to 3.
    """

    type: Literal["cars3d"] = "cars3d"
    root: SpecPath = Field(description="The folder of the cars' .mat files: data/cars of the authors' archive.")
    size: int = Field(default=64, ge=1, le=65_536, description="Height and width of the resized images, in pixels.")
    test: int = Field(default=1757, ge=0, description="Number of test images.")

    def unpacking(self) -> Unpacking:
        files = self._files()
        image, transform = ImageShape(3, self.size, self.size), {"source": "cars3d", "size": self.size}
        return Unpacking(files, image, len(files) * VIEWS, transform, lambda: map(self._views, files))

    def columns(self) -> Mapping[str, Column]:
        cars = tuple(path.stem.removesuffix("_mesh") for path in self._files())
        return {"label": Column("categorical", cars), "azimuth": Column("angle"), "elevation": Column("continuous")}

    def values(self) -> Columns:
        cars, azimuths, elevations = len(self._files()), torch.arange(AZIMUTHS), torch.arange(ELEVATIONS)
        car, azimuth, elevation = torch.cartesian_prod(torch.arange(cars), azimuths, elevations).unbind(1)
        return {"label": car, "azimuth": azimuth * (360 / AZIMUTHS), "elevation": elevation.double()}

    def _files(self) -> list[Path]:
        """The cars' files, in the order of their names. Raises DataError."""
        files = sorted(self.root.glob("*.mat"))
        if not files:
            raise DataError(f"cars3d: {self.root} has no .mat files: {HOW_TO_FETCH}")
        return files

    def _views(self, path: Path) -> Tensor:
        """The images of a car, azimuth by azimuth, uint8 (96, 3, size, size). Raises DataError."""
        views = read_mat(path, ["im"]).get("im")
        if views is None or views.shape != STORED or views.dtype != np.uint8:
            found = "missing" if views is None else f"{views.dtype} {views.shape}"
            raise damaged_file(path, f"im is {found}, not uint8 {STORED}")
        pixels = np.ascontiguousarray(views.transpose(3, 4, 2, 0, 1)).reshape(VIEWS, 3, *STORED[:2])
        return resize_pixels(torch.from_numpy(pixels), self.size)
