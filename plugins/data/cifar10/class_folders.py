"""CIFAR-10 as picture files in one folder per class, decoded through the cache."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_run import DataError, Decoding, ImageShape, Split, UnreadableError, check_file, decode_once, split_by_name
from gan_run.plugins.data.cifar10.form import CLASSES, SIDE, Form, Pictures

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
PARTS: tuple[Literal["train", "test"], ...] = ("train", "test")


class ClassFolders(Form):
    """Picture files in folders with the names of the classes.

    Args:
        root: The folder of the classes' folders, or of `train` and `test`, which have one of each class.
        test_fraction: The share of the test split, where there is no folder `train`.
        cache: The folder of the decoded pictures.
    """

    def __init__(self, root: Path, test_fraction: float, cache: Path) -> None:
        self._root = root
        self._test_fraction = test_fraction
        self._cache = cache

    @staticmethod
    def are_at(root: Path) -> bool:
        """Whether `root`, or its folder `train`, has the folder of a class."""
        return any((folder / name).is_dir() for folder in (root, root / "train") for name in CLASSES)

    def sizes(self) -> dict[Split, int]:
        return {split: len(self._names(split)) for split in PARTS}

    def load(self, split: Literal["train", "test"]) -> Pictures:
        names = self._names(split)
        decoding = Decoding(
            [self._root / name for name in names], ImageShape(3, SIDE, SIDE), {"source": "cifar10"}, _decode
        )
        labels = torch.tensor([CLASSES.index(name.split("/")[-2]) for name in names], dtype=torch.int64)
        return Pictures(decode_once(decoding, self._cache).images, labels, names)

    def _names(self, split: Literal["train", "test"]) -> list[str]:
        """The files of a split, relative to the root. Raises DataError."""
        if not (self._root / "train").is_dir():
            names = [name for folder in CLASSES for name in self._listed(folder)]
            chosen = split_by_name(names, split, self._test_fraction)
        else:
            names = [name for folder in CLASSES for name in self._listed(f"{split}/{folder}")]
            chosen = split_by_name(names, "train", 0)  # all, in an order without regard to the class
        return [names[index] for index in chosen]

    def _listed(self, folder: str) -> Iterator[str]:
        try:
            with os.scandir(self._root / folder) as entries:  # a Path for each of 60,000 files is slow
                found = sorted(entry.name for entry in entries if entry.name.lower().endswith(EXTENSIONS))
        except OSError as error:
            raise DataError(
                f"cifar10: {self._root / folder} cannot be listed ({error.strerror}): there is one folder of each "
                f"class, {', '.join(CLASSES)}"
            ) from error
        yield from (f"{folder}/{name}" for name in found)


def _decode(path: Path) -> Tensor:
    """The picture in a file, uint8 (3, 32, 32). Raises UnreadableError."""
    check_file(path)
    try:
        with Image.open(path) as file:
            if file.size != (SIDE, SIDE):
                raise ValueError(f"it is {file.width}x{file.height}, not {SIDE}x{SIDE}; image-folder resizes pictures")
            pixels = np.array(file.convert("RGB"))
    except Exception as error:  # Pillow documents no list of what it raises for a damaged file
        raise UnreadableError(f"{path} cannot be read as a picture of CIFAR-10 ({error})") from error
    return torch.from_numpy(pixels).permute(2, 0, 1)
