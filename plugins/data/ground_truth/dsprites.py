"""The data source `dsprites`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gan_run import Column, DataError, PixelCodec, SpecPath
from gan_run.plugins.data.ground_truth.table_file import TableFile

ADDRESS = "https://github.com/google-deepmind/dsprites-dataset"


class DSprites(TableFile):
    """dSprites (Matthey et al. 2017), the published file: 737,280 images of 64x64 pixels, black and white.

    They are all combinations of 3 shapes, 6 scales, 40 orientations and 32x32 positions. The columns are the class
    `label` (the shape), `scale`, `orientation` in degrees (0 and 360 are both in the file), `x` and `y`; the colour,
    which is always white, is left out. The first run unpacks the images, 3 GB, into `cache`.
    """

    type: Literal["dsprites"] = "dsprites"
    root: SpecPath = Field(description="The folder of dsprites_ndarray_co1sh3sc6ori40x32x32_64x64.npz.")
    test: int = Field(default=73728, ge=0, description="Number of test images.")
    codec: ClassVar[PixelCodec] = PixelCodec("uint8", 0, 1)
    file_name: ClassVar[str] = "dsprites_ndarray_co1sh3sc6ori40x32x32_64x64.npz"
    images: ClassVar[str] = "imgs"
    channels: ClassVar[int] = 1
    table: ClassVar[str] = "latents_values"
    factors: ClassVar[Mapping[str, Column]] = {
        "label": Column("categorical", ("square", "ellipse", "heart")),
        "scale": Column("continuous"),
        "orientation": Column("angle"),
        "x": Column("continuous"),
        "y": Column("continuous"),
    }

    def fetch(self, path: Path) -> None:
        raise DataError(f"dsprites: {path} is missing: fetch it from {ADDRESS}, and set data.root to its folder")

    def columns_of(self, table: NDArray[np.float64]) -> list[NDArray[Any]]:
        _, shape, scale, orientation, x, y = table.T
        return [shape.astype(np.int64) - 1, scale, np.degrees(orientation), x, y]
