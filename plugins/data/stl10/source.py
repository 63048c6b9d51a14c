"""STL-10 (Coates et al. 2011), read from its binary files."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gan_run import (
    Column,
    DataError,
    DataInfo,
    DataSource,
    ImageSet,
    ImageShape,
    SpecPath,
    StoredImages,
    Unpacking,
    cache_folder,
    damaged_file,
    download_files,
    resize_pixels,
    unpack_once,
)

Part = Literal["train", "test", "unlabeled"]
CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
"""The names of the labels 1 to 10 in the files."""
PUBLISHED_SIZES: dict[Part, int] = {"train": 5000, "test": 8000, "unlabeled": 100000}
FOLDER = "stl10_binary"
STORED = ImageShape(3, 96, 96)
"""Of an image in a file: red, green and blue, each column by column."""
BLOCK = 1024
"""Images in memory while they are unpacked."""


class STL10(DataSource):
    """STL-10 (Coates et al. 2011): 96x96 colour photographs of ten classes, 5,000 training and 8,000 test images.

    There are 100,000 unlabelled images more, of other animals and vehicles too; their label is missing.
    """

    type: Literal["stl10"] = "stl10"
    root: SpecPath = Field(
        default_factory=lambda: cache_folder("stl10"),
        description=f"The folder of train_X.bin and the other files, or of {FOLDER}; by default in the user's cache.",
    )
    unlabeled: bool = Field(default=False, description="Whether to train on the unlabelled images, too.")
    size: int = Field(default=96, ge=1, le=65_536, description="Height and width of the resized images, in pixels.")
    download: bool = Field(default=True, description="Whether to download the dataset, 2.6 GB, if it is missing.")
    cache: SpecPath = Field(
        default_factory=lambda: cache_folder("images"), description="The folder of the unpacked images."
    )

    def describe(self) -> DataInfo:
        train = sum(self._count(part) for part in self._parts("train"))
        columns = {"label": Column("categorical", CLASSES)}
        return DataInfo(ImageShape(3, self.size, self.size), {"train": train, "test": self._count("test")}, columns)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        parts = self._parts(split)
        files = [self._file(f"{part}_X.bin") for part in parts]
        counts = [self._count(part) for part in parts]

        def blocks() -> Iterator[Tensor]:
            for file, count in zip(files, counts, strict=True):
                stored = StoredImages(file, STORED, count)
                for start in range(0, count, BLOCK):
                    rows = torch.arange(start, min(start + BLOCK, count))
                    yield resize_pixels(stored[rows].transpose(2, 3).contiguous(), self.size)

        image, transform = ImageShape(3, self.size, self.size), {"source": "stl10", "size": self.size}
        unpacking = Unpacking(files, image, sum(counts), transform, blocks)
        labels = torch.cat([self._labels(part, count) for part, count in zip(parts, counts, strict=True)])
        return ImageSet(unpack_once(unpacking, self.cache), {"label": labels})

    def _parts(self, split: Literal["train", "test"]) -> list[Part]:
        if split == "test":
            return ["test"]
        # Validation images are the last ones: they have labels.
        return ["unlabeled", "train"] if self.unlabeled else ["train"]

    def _count(self, part: Part) -> int:
        """The number of images: by the length of the file, or the published one if it is to be downloaded."""
        if self.download and self._find(f"{part}_X.bin") is None:
            return PUBLISHED_SIZES[part]
        path = self._file(f"{part}_X.bin")
        length, one = path.stat().st_size, math.prod(STORED)
        if length % one or not length:
            raise damaged_file(path, f"its {length} bytes are no multiple of {one}, those of an image")
        return length // one

    def _labels(self, part: Part, count: int) -> Tensor:
        """The classes of the images of a file, int64 (count,); -1 for unlabelled ones. Raises DataError."""
        if part == "unlabeled":
            return torch.full((count,), -1)
        path = self._file(f"{part}_y.bin")
        labels = torch.from_numpy(np.fromfile(path, dtype=np.uint8)).long() - 1
        if len(labels) != count:
            raise damaged_file(path, f"it has {len(labels)} labels for {count} images")
        if labels.min() < 0 or labels.max() >= len(CLASSES):
            raise damaged_file(path, f"its labels are {1 + labels.min()} to {1 + labels.max()}, and not 1 to 10")
        return labels

    def _file(self, name: str) -> Path:
        """The path of an existing file, downloaded if need be. Raises DataError."""
        found = self._find(name)
        if found is None and self.download:
            self._download(name)
            found = self._find(name)
        if found is None:
            missing = f"stl10: {self.root / name} is missing"
            raise DataError(f"{missing}: set data.root to the folder that has it, or data.download to true")
        return found

    def _find(self, name: str) -> Path | None:
        paths = (self.root / name, self.root / FOLDER / name)
        return next((path for path in paths if path.is_file()), None)

    def _download(self, name: str) -> None:
        # torchvision takes over a second to import.
        from torchvision import datasets
        from torchvision.datasets.utils import download_and_extract_archive

        source = datasets.STL10

        def fetch(folder: Path) -> list[Path]:
            download_and_extract_archive(source.url, str(folder), filename=source.filename, md5=source.tgz_md5)
            return list((folder / FOLDER).glob("*.bin"))

        remedy = f"Fetch {source.url}, unpack it into {self.root}, or set data.root to a folder that has it."
        missing = f"stl10: {self.root / name} is missing"
        download_files(self.root, fetch, f"{missing}: the download failed. {remedy}")
