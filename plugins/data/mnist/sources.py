"""MNIST (LeCun et al. 1998) and Fashion-MNIST (Xiao et al. 2017), from their four IDX files."""

import http.client
import zlib
from abc import ABC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, Literal

from pydantic import Field

from gan_run import DataError, DataInfo, DataSource, ImageSet, ImageShape, SpecPath, cache_folder
from gan_run.plugins.data.mnist.idx import read_array, read_shape

PARTS: dict[Literal["train", "test"], tuple[str, str]] = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""The files of images and of labels of each split, less their optional `.gz`."""


def _show(size: list[int]) -> str:
    return "x".join(map(str, size))


class FourFiles(DataSource, ABC):
    """A set of images in MNIST's format, under MNIST's file names.

    The files may lie in `root` or where torchvision puts them inside it. They are downloaded if they are in neither.
    """

    class_names: ClassVar[tuple[str, ...]]
    torchvision_name: ClassVar[str]
    """torchvision's class for this set, and its folder."""

    root: SpecPath
    download: bool = Field(default=True, description="Whether to download the files where they are missing.")

    def describe(self) -> DataInfo:
        files = self._files()
        shapes = {split: self._shape(files, split) for split in PARTS}
        _, *train_size = shapes["train"]
        _, *test_size = shapes["test"]
        if train_size != test_size:
            raise DataError(
                f"{self.name()}: training images are {_show(train_size)} and test images {_show(test_size)} pixels"
            )
        height, width = train_size
        return DataInfo(
            ImageShape(1, height, width), {split: shape[0] for split, shape in shapes.items()}, self.class_names
        )

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        files = self._files()
        self._shape(files, split)
        images, labels = (files[name] for name in PARTS[split])
        values = read_array(labels, 1).long()
        if len(values) and int(values.max()) >= len(self.class_names):
            raise DataError(f"{labels} has label {int(values.max())}, but there are {len(self.class_names)} classes")
        return ImageSet(read_array(images, 3).unsqueeze(1), values)

    def _shape(self, files: dict[str, Path], split: Literal["train", "test"]) -> tuple[int, ...]:
        images, labels = (files[name] for name in PARTS[split])
        shape, (count,) = read_shape(images, 3), read_shape(labels, 1)
        if shape[0] != count:
            raise DataError(
                f"{images} has {shape[0]} images, but {labels} has {count} labels: they do not belong together"
            )
        return shape

    def _files(self) -> dict[str, Path]:
        """Where each file is, by its name less `.gz`."""
        found = self._find()
        if found is None and self.download:
            self._download()
            found = self._find()
        if found is None:
            raise self._missing("set data.root to the folder that has them, or data.download to true")
        return found

    def _folders(self) -> tuple[Path, Path]:
        return self.root, self.root / self.torchvision_name / "raw"

    def _find(self) -> dict[str, Path] | None:
        names = [name for part in PARTS.values() for name in part]
        for folder in self._folders():
            paths = {name: path for name in names for path in (folder / f"{name}.gz", folder / name) if path.is_file()}
            if len(paths) == len(names):
                return paths
        return None

    def _download(self) -> None:
        from torchvision import datasets  # slow to import, and seldom needed

        torchvision_class = getattr(datasets, self.torchvision_name)
        try:
            # In a folder of its own first: torchvision leaves what it could not finish under the files' own names.
            self.root.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=self.root, prefix=".download-") as unfinished:
                torchvision_class(unfinished, download=True)
                self._keep(Path(unfinished) / self.torchvision_name / "raw")
        except (OSError, RuntimeError, ValueError, EOFError, http.client.HTTPException, zlib.error) as error:
            remedy = (
                f"the download failed. Fetch the files from {' or '.join(torchvision_class.mirrors)} (each name with "
                f".gz) into {self.root}, or set data.root to a folder that has them"
            )
            raise self._missing(f"{remedy}.\n{error}") from None

    def _keep(self, downloaded: Path) -> None:
        _, folder = self._folders()
        folder.mkdir(parents=True, exist_ok=True)
        for names in PARTS.values():
            for name in names:
                (downloaded / name).replace(folder / name)

    def _missing(self, remedy: str) -> DataError:
        names = ", ".join(name for part in PARTS.values() for name in part)
        folders = " nor ".join(map(str, self._folders()))
        return DataError(f"{self.name()}: neither {folders} has all of {names} (raw or .gz): {remedy}")


class Mnist(FourFiles):
    """MNIST: handwritten digits, 28x28, 60,000 to train on and 10,000 to test."""

    class_names: ClassVar[tuple[str, ...]] = tuple(str(digit) for digit in range(10))
    torchvision_name: ClassVar[str] = "MNIST"

    type: Literal["mnist"] = "mnist"
    root: SpecPath = Field(
        default_factory=lambda: cache_folder("mnist"),
        description="The folder with the files; by default, in the user's cache.",
    )


class FashionMnist(FourFiles):
    """Fashion-MNIST: articles of clothing, 28x28, 60,000 to train on and 10,000 to test."""

    class_names: ClassVar[tuple[str, ...]] = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
    torchvision_name: ClassVar[str] = "FashionMNIST"

    type: Literal["fashion-mnist"] = "fashion-mnist"
    root: SpecPath = Field(
        default_factory=lambda: cache_folder("fashion-mnist"),
        description="The folder with the files; by default, in the user's cache.",
    )
