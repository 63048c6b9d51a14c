"""The cropped digits of SVHN (Netzer et al. 2011), read from .mat files."""

from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from gan_run import (
    Column,
    DataError,
    DataInfo,
    DataSource,
    ImageSet,
    ImageShape,
    SpecPath,
    cache_folder,
    damaged_file,
    download_files,
    mat_shapes,
    read_mat,
)

Part = Literal["train", "extra", "test"]
SIDE = 32
PUBLISHED_SIZES: dict[Part, int] = {"train": 73257, "extra": 531131, "test": 26032}
LABEL_OF_ZERO = 10
"""The files label the digit 0 as 10."""


class Svhn(DataSource):
    """Street View House Numbers (Netzer et al. 2011), cropped to 32x32: 73,257 training, 26,032 test and 531,131 extra
    images.

    An image often shows neighbouring digits too; its label is that of the middle one.
    """

    type: Literal["svhn"] = "svhn"
    root: SpecPath = Field(
        default_factory=lambda: cache_folder("svhn"),
        description="The folder of train_32x32.mat and the other files; by default in the user's cache.",
    )
    extra: bool = Field(default=False, description="Whether to train on the extra digits, which are easier, too.")
    download: bool = Field(default=True, description="Whether to download missing files.")

    def describe(self) -> DataInfo:
        sizes = {part: self._count(part) for part in self._parts("train") + self._parts("test")}
        digits = Column("categorical", tuple(str(digit) for digit in range(10)))
        train = sum(sizes[part] for part in self._parts("train"))
        return DataInfo(ImageShape(3, SIDE, SIDE), {"train": train, "test": sizes["test"]}, {"label": digits})

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        images, labels = zip(*(self._digits(part) for part in self._parts(split)), strict=True)
        columns = {"label": torch.from_numpy(np.concatenate(labels))}
        return ImageSet(torch.from_numpy(np.concatenate(images)), columns)

    def _parts(self, split: Literal["train", "test"]) -> list[Part]:
        if split == "test":
            return ["test"]
        return ["train", "extra"] if self.extra else ["train"]

    def _count(self, part: Part) -> int:
        """The number of images: that of a file's header, or the published one if it is to be downloaded."""
        if self.download and not self._path(part).is_file():
            return PUBLISHED_SIZES[part]
        path = self._file(part)
        shapes = mat_shapes(path)
        return _check_shapes(path, shapes.get("X"), shapes.get("y"))

    def _digits(self, part: Part) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images (M, 3, 32, 32) and labels (M,) of one file. Raises DataError."""
        path = self._file(part)
        content = read_mat(path, ["X", "y"])
        pixels, labels = content.get("X"), content.get("y")
        _check_shapes(path, getattr(pixels, "shape", None), getattr(labels, "shape", None))
        assert pixels is not None
        assert labels is not None
        if pixels.dtype != np.uint8 or not set(np.unique(labels)) <= set(range(11)):
            raise damaged_file(path, f"X is {pixels.dtype} and y has {np.unique(labels)[:12]}")
        digits = labels[:, 0].astype(np.int64)
        digits[digits == LABEL_OF_ZERO] = 0
        return np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)), digits

    def _path(self, part: Part) -> Path:
        return self.root / f"{part}_32x32.mat"

    def _file(self, part: Part) -> Path:
        """The path of an existing file, downloaded if need be. Raises DataError."""
        path = self._path(part)
        if not path.is_file():
            if not self.download:
                raise DataError(
                    f"svhn: {path} is missing: set data.root to the folder that has it, or data.download to true"
                )
            self._download(part)
        return path

    def _download(self, part: Part) -> None:
        # torchvision takes over a second to import.
        from torchvision.datasets import SVHN
        from torchvision.datasets.utils import download_url

        url, name, digest = SVHN.split_list[part]

        def fetch(folder: Path) -> list[Path]:
            download_url(url, str(folder), name, digest)
            return [folder / name]

        missing = f"svhn: {self._path(part)} is missing"
        remedy = f"Fetch {url} into {self.root}, or set data.root to a folder that has it."
        download_files(self.root, fetch, f"{missing}: the download failed. {remedy}")


def _check_shapes(path: Path, images: tuple[int, ...] | None, labels: tuple[int, ...] | None) -> int:
    count = images[-1] if images else 0
    if images != (SIDE, SIDE, 3, count) or labels != (count, 1):
        raise damaged_file(path, f"X has shape {images} and y {labels}, not (32, 32, 3, N) and (N, 1)")
    return count
