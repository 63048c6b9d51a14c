"""3D chairs: renders of 1,393 chair models, 62 views of each (Aubry et al. 2014)."""

import re
from collections import Counter
from typing import Literal, NamedTuple

import torch
from pydantic import Field

from gan_run import Column, DataError, DataInfo, ImageSet, ImageShape, PictureDecoder, Split, split_by_name
from gan_run.plugins.data.image_files.pictures import Pictures

POSE = {"azimuth": Column("angle"), "elevation": Column("continuous")}
HOW_TO_FETCH = (
    "fetch rendered_chairs.tar from https://www.di.ens.fr/willow/research/seeing3Dchairs and unpack it; data.root is "
    "the folder rendered_chairs, with a folder for each chair"
)


class ChairView(NamedTuple):
    """One picture, with the pose in its file name."""

    path: str
    """Relative to the root: CHAIR/renders/image_001_p020_t011_r096.png."""
    chair: str
    azimuth: float
    elevation: float


class Chairs(Pictures):
    """Rendered chairs in the authors' layout: a folder per chair, with the pose in the file names.

    Azimuth (`t`) and elevation (`p`), in degrees, are columns; the chair is the class. The split of a picture
    depends on its path alone.
    """

    type: Literal["chairs"] = "chairs"
    size: int = Field(default=64, ge=1, le=65_536, description="Height and width of the resized images, in pixels.")
    test_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="Approximate share of the pictures in the test split."
    )

    def describe(self) -> DataInfo:
        views = self._views()
        sizes: dict[Split, int] = {split: len(self._choose(views, split)) for split in ("train", "test")}
        columns = {"label": Column("categorical", _chairs(views)), **POSE}
        return DataInfo(ImageShape(3, self.size, self.size), sizes, columns)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        views = self._views()
        number = {chair: index for index, chair in enumerate(_chairs(views))}
        chosen = self._choose(views, split)
        columns = {
            "label": torch.tensor([number[view.chair] for view in chosen], dtype=torch.int64),
            "azimuth": torch.tensor([view.azimuth for view in chosen], dtype=torch.float64),
            "elevation": torch.tensor([view.elevation for view in chosen], dtype=torch.float64),
        }
        return self.read(split, [self.root / view.path for view in chosen], columns)

    def decoder(self) -> PictureDecoder:
        return PictureDecoder(self.size, channels=3, fit="pad", background="white")

    def _views(self) -> list[ChairView]:
        """Every picture, in the order of its path. Raises DataError."""
        try:
            views = [view for path in self.listed() if (view := _parse(str(path)))]
        except DataError as error:
            raise DataError(f"{error}: {HOW_TO_FETCH}") from None
        if not views:
            raise DataError(
                f"data.root: {self.root} has images, but none is named like "
                f"CHAIR/renders/image_001_p020_t011_r096.png: {HOW_TO_FETCH}"
            )
        _refuse_missing_views(views)
        return views

    def _choose(self, views: list[ChairView], split: Literal["train", "test"]) -> list[ChairView]:
        return [views[index] for index in split_by_name([output.path for output in views], split, self.test_fraction)]


def _parse(path: str) -> ChairView | None:
    match = re.fullmatch(r"(?:.*/)?([^/]+)/renders/[^/]*_p(\d+)_t(\d+)[^/]*", path)
    return ChairView(path, match[1], azimuth=float(match[3]), elevation=float(match[2])) if match else None


def _chairs(views: list[ChairView]) -> tuple[str, ...]:
    return tuple(sorted({output.chair for output in views}))


def _refuse_missing_views(views: list[ChairView]) -> None:
    """Raise DataError if some chairs have fewer views than others, as after an incomplete unpacking."""
    counts = Counter(output.chair for output in views)
    fullest = max(counts.values())
    short = sorted(chair for chair, count in counts.items() if count < fullest)
    if short:
        raise DataError(
            f"{len(short)} of {len(counts)} chairs have fewer than the {fullest} views of the others ({short[0]} has "
            f"{counts[short[0]]}): unpack rendered_chairs.tar again, or delete their folders"
        )
