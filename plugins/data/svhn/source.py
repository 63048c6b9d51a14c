"""SVHN's cropped digits (Netzer et al. 2011), from their .mat files."""

import http.client
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from gan_run import DataError, DataInfo, DataSource, ImageSet, ImageShape, SpecPath, cache_folder

Part = Literal["train", "extra", "test"]
SIDE = 32
TEN = 10
"""The files' label of the digit 0."""


class Svhn(DataSource):
    """Street View House Numbers, cropped to 32x32: 73,257 digits to train on, 26,032 to test, 531,131 extra ones.

    A digit's neighbours are often in its picture: the class is the middle one's.
    """

    type: Literal["svhn"] = "svhn"
    root: SpecPath = Field(
        default_factory=lambda: cache_folder("svhn"),
        description="The folder with train_32x32.mat and so on; by default, in the user's cache.",
    )
    extra: bool = Field(default=False, description="Whether to train on the easier extra digits too.")
    download: bool = Field(default=True, description="Whether to download the files where they are missing.")

    def describe(self) -> DataInfo:
        sizes = {part: self._count(part) for part in self._parts("train") + self._parts("test")}
        names = tuple(str(digit) for digit in range(10))
        train = sum(sizes[part] for part in self._parts("train"))
        return DataInfo(ImageShape(3, SIDE, SIDE), {"train": train, "test": sizes["test"]}, names)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        images, labels = zip(*(self._digits(part) for part in self._parts(split)), strict=True)
        return ImageSet(torch.from_numpy(np.concatenate(images)), torch.from_numpy(np.concatenate(labels)))

    def _parts(self, split: Literal["train", "test"]) -> list[Part]:
        if split == "test":
            return ["test"]
        return ["train", "extra"] if self.extra else ["train"]

    def _count(self, part: Part) -> int:
        """How many images a file's header promises."""
        # scipy.io takes longer to import than all of this plugin, which every command loads.
        from scipy.io import whosmat

        path = self._file(part)
        try:
            shapes = {name: shape for name, shape, _ in whosmat(path)}
        except Exception as error:  # what scipy raises of a damaged file is not a closed list
            raise _damaged(path, str(error)) from error
        return _check_shapes(path, shapes.get("X"), shapes.get("y"))

    def _digits(self, part: Part) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images (M, 3, 32, 32) and labels (M,)."""
        from scipy.io import loadmat

        path = self._file(part)
        try:
            content: dict[str, NDArray[Any]] = loadmat(path, variable_names=["X", "y"])
        except Exception as error:  # as above
            raise _damaged(path, str(error)) from error
        pixels, labels = content.get("X"), content.get("y")
        _check_shapes(path, getattr(pixels, "shape", None), getattr(labels, "shape", None))
        assert pixels is not None
        assert labels is not None
        if pixels.dtype != np.uint8 or not set(np.unique(labels)) <= set(range(11)):
            raise _damaged(path, f"X is {pixels.dtype} and y has {np.unique(labels)[:12]}")
        digits = labels[:, 0].astype(np.int64)
        digits[digits == TEN] = 0
        return np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)), digits

    def _file(self, part: Part) -> Path:
        path = self.root / f"{part}_32x32.mat"
        if not path.is_file():
            if not self.download:
                raise DataError(f"svhn: {path} is missing; put it there, or set data.download to true")
            self._fetch(part, path)
        return path

    def _fetch(self, part: Part, path: Path) -> None:
        # torchvision takes over a second to import.
        from torchvision.datasets import SVHN
        from torchvision.datasets.utils import download_url

        url, name, digest = SVHN.split_list[part]
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            unfinished = f".{name}.unfinished"  # a download that is cut short is not taken for the file
            download_url(url, str(self.root), unfinished, digest)
            (self.root / unfinished).rename(path)
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            raise DataError(f"svhn: {path} is missing, and {url} cannot be fetched ({error})") from None


def _check_shapes(path: Path, images: tuple[int, ...] | None, labels: tuple[int, ...] | None) -> int:
    count = images[-1] if images else 0
    if images != (SIDE, SIDE, 3, count) or labels != (count, 1):
        raise _damaged(path, f"X has shape {images} and y {labels}, not (32, 32, 3, N) and (N, 1)")
    return count


def _damaged(path: Path, why: str) -> DataError:
    return DataError(f"{path} cannot be read ({why}): delete it and fetch it again")
