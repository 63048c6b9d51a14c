"""CelebA: 202,599 aligned faces of celebrities with 40 binary attributes (Liu et al. 2015)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from gan_run import Column, DataError, DataInfo, ImageSet, ImageShape, PictureDecoder, Split
from gan_run.plugins.data.image_files.pictures import Pictures

PARTITIONS: dict[Split, int] = {"train": 0, "validation": 1, "test": 2}
HOW_TO_FETCH = (
    "its licence forbids redistribution, so fetch img_align_celeba.zip (unpack it), list_eval_partition.txt and "
    "list_attr_celeba.txt from https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, and put all three into data.root"
)


class CelebA(Pictures):
    """CelebA's aligned and cropped faces (Liu et al. 2015), 178x218 pixels, in their official splits. The 40 attributes
    are columns of 0 or 1.

    `root`, or `root/celeba`, has the folder img_align_celeba and the files list_attr_celeba.txt and
    list_eval_partition.txt.

    The middle `crop` pixels are scaled to `size`: 148 as in most publications on 64x64 (108 in DCGAN's code, which
    leaves out more of the background). The official validation images are the validation split, unless `validation`
    holds out training images instead.
    """

    type: Literal["celeba"] = "celeba"
    size: int = Field(default=64, ge=1, le=65_536, description="Height and width of the resized images, in pixels.")
    crop: int = Field(default=148, ge=1, le=178, description="Side of the middle square of a picture, in its pixels.")

    def describe(self) -> DataInfo:
        names, partition = self._partition()
        self._refuse_missing(names)
        sizes: dict[Split, int] = {split: int((partition == n).sum()) for split, n in PARTITIONS.items()}
        columns = dict.fromkeys(self._attributes()[0], Column("categorical"))
        return DataInfo(ImageShape(3, self.size, self.size), sizes, columns)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        return self._load(split)

    def load_validation(self) -> ImageSet:
        return self._load("validation")

    def decoder(self) -> PictureDecoder:
        return PictureDecoder(self.size, channels=3, fit="stretch", background="white", crop=self.crop)

    def _load(self, split: Split) -> ImageSet:
        names, partition = self._partition()
        self._refuse_missing(names)
        attributes, rows = self._attributes()
        if len(rows) != len(names):
            raise DataError(
                f"{self._file('list_attr_celeba.txt')} has {len(rows)} faces and list_eval_partition.txt {len(names)}: "
                "fetch both again"
            )
        chosen = np.flatnonzero(partition == PARTITIONS[split])
        values = torch.from_numpy(rows[chosen].astype(np.int64)).view(-1, len(attributes))
        paths = [self._folder / names[row] for row in chosen]
        columns = {name: values[:, index] for index, name in enumerate(attributes)}
        return self.read(split, paths, columns)

    @property
    def _folder(self) -> Path:
        return self._home / "img_align_celeba"

    @property
    def _home(self) -> Path:
        """The root, or the folder below it where torchvision keeps CelebA."""
        inner = self.root / "celeba"
        return inner if inner.is_dir() else self.root

    def _file(self, name: str) -> Path:
        path = self._home / name
        if not path.is_file():
            raise DataError(f"celeba: {path} is missing: {HOW_TO_FETCH}")
        return path

    def _partition(self) -> tuple[list[str], NDArray[np.int64]]:
        """The names of all files, and the partition of each."""
        path = self._file("list_eval_partition.txt")
        pairs = [line.split() for line in _lines(path)]
        for number, pair in enumerate(pairs, 1):
            if len(pair) != 2 or pair[1] not in ("0", "1", "2"):
                raise DataError(
                    f"{path}, line {number}: {' '.join(pair)!r} has to be a file name and 0, 1 or 2: fetch it again"
                )
        return [name for name, _ in pairs], np.array([int(which) for _, which in pairs])

    def _attributes(self) -> tuple[list[str], NDArray[np.int8]]:
        """The names of the K attributes, and their values 0 or 1 for each face, (M, K). Raises DataError."""
        path = self._file("list_attr_celeba.txt")
        lines = _lines(path)
        if len(lines) < 2:
            raise DataError(f"{path} is cut short: fetch it again")
        count, header, *lines = lines
        attributes = header.split()
        if not count.strip().isdigit() or len(lines) != int(count):
            raise DataError(f"{path} states {count.strip()!r} faces, but has {len(lines)}: fetch it again")
        values = [line.split()[1:] for line in lines]
        for number, row in enumerate(values, 3):
            if len(row) != len(attributes) or not set(row) <= {"1", "-1"}:
                raise DataError(f"{path}, line {number}: {len(attributes)} values of 1 or -1 are needed")
        return attributes, np.array([[value == "1" for value in row] for row in values], dtype=np.int8)

    def _refuse_missing(self, names: Sequence[str]) -> None:
        if not self._folder.is_dir():
            raise DataError(f"celeba: {self._folder} is missing: {HOW_TO_FETCH}")
        with os.scandir(self._folder) as entries:  # a Path for each of 200,000 files is slow
            missing = sorted(set(names) - {entry.name for entry in entries})
        if missing:
            raise DataError(
                f"celeba: {self._folder} lacks {len(missing)} of {len(names)} images, such as {missing[0]}: unpack "
                "img_align_celeba.zip again"
            )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}): fetch it again") from None
