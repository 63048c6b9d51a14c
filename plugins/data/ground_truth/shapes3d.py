"""The data source `shapes3d`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gan_run import Column, DataError, DataInfo, ImageShape, SpecPath, cache_folder
from gan_run.plugins.data.ground_truth.downloads import fetch_files
from gan_run.plugins.data.ground_truth.table_file import SIDE, TableFile

ADDRESS = "https://storage.googleapis.com/3d-shapes"
PUBLISHED_SIZE = 480000
SHA256 = "0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785"


class Shapes3D(TableFile):
    """3D Shapes (Burgess & Kim 2018), the published file: 480,000 colour images of 64x64 pixels.

    They are all combinations of 10 hues of the floor, of the wall and of the object, 8 scales, 4 shapes and 15
    orientations. The columns are the class `label` (the shape), `floor_hue`, `wall_hue` and `object_hue` in degrees of
    the colour circle, `scale`, and `orientation`, from -30 to 30 degrees. It needs the extra `hdf5`. The first run
    unpacks the images, 5.9 GB, into `cache`.
    """

    type: Literal["shapes3d"] = "shapes3d"
    root: SpecPath = Field(
        default_factory=lambda: cache_folder("shapes3d"),
        description="The folder of 3dshapes.h5; by default in the user's cache.",
    )
    test: int = Field(default=48000, ge=0, description="Number of test images.")
    download: bool = Field(default=True, description="Whether to download the file, 268 MB, if it is missing.")
    file_name: ClassVar[str] = "3dshapes.h5"
    images: ClassVar[str] = "images"
    channels: ClassVar[int] = 3
    table: ClassVar[str] = "labels"
    factors: ClassVar[Mapping[str, Column]] = {
        "label": Column("categorical", ("cube", "cylinder", "sphere", "capsule")),
        "floor_hue": Column("angle"),
        "wall_hue": Column("angle"),
        "object_hue": Column("angle"),
        "scale": Column("continuous"),
        "orientation": Column("continuous"),
    }

    def describe(self) -> DataInfo:
        if self.download and not self.path.is_file():
            return self.described(ImageShape(self.channels, SIDE, SIDE), PUBLISHED_SIZE)
        return super().describe()

    def fetch(self, path: Path) -> None:
        missing = f"shapes3d: {path} is missing"
        if not self.download:
            raise DataError(f"{missing}: set data.root to the folder that has it, or data.download to true")
        fetch_files(self.root, ADDRESS, {self.file_name: SHA256}, missing)

    def columns_of(self, table: NDArray[np.float64]) -> list[NDArray[Any]]:
        floor, wall, object_hue, scale, shape, orientation = table.T
        return [shape.astype(np.int64), 360 * floor, 360 * wall, 360 * object_hue, scale, orientation]
