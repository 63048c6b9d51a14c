"""MNIST (LeCun et al. 1998) and Fashion-MNIST (Xiao et al. 2017), from their four IDX files."""

from abc import ABC
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from gan_run import (
    Column,
    DataError,
    DataInfo,
    DataSource,
    ImageSet,
    ImageShape,
    SpecPath,
    Split,
    cache_folder,
    download_files,
)
from gan_run.plugins.data.mnist.idx import read_array, read_shape

PARTS: dict[Literal["train", "test"], tuple[str, str]] = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""The names of each split's image and label file, without the optional `.gz`."""

DEBIAN = Path("/usr/share/datasets")
"""Where Debian's packages of datasets put their files, such as dataset-fashion-mnist."""
PUBLISHED_IMAGE = ImageShape(1, 28, 28)
PUBLISHED_SIZES: dict[Split, int] = {"train": 60000, "test": 10000}
"""Of both published datasets: what is downloaded is described so before."""


def _show(size: list[int]) -> str:
    return "x".join(map(str, size))


class FourFiles(DataSource, ABC):
    """A dataset of four IDX files with MNIST's names.

    The files are looked for in `root`, in torchvision's folder inside it, and where Debian's package has them; if none
    of these has all four, torchvision downloads them, when images are loaded.
    """

    class_names: ClassVar[tuple[str, ...]]
    torchvision_name: ClassVar[str]
    """The name of torchvision's dataset class, which is also its folder in `root`."""

    root: SpecPath
    download: bool = Field(default=True, description="Whether to download missing files.")

    def describe(self) -> DataInfo:
        columns = {"label": Column("categorical", self.class_names)}
        if self.download and self._find() is None:
            return DataInfo(PUBLISHED_IMAGE, PUBLISHED_SIZES, columns)
        files = self._files()
        shapes = {split: self._shape(files, split) for split in PARTS}
        _, *train_size = shapes["train"]
        _, *test_size = shapes["test"]
        if train_size != test_size:
            raise DataError(
                f"{self.name()}: training images are {_show(train_size)} and test images {_show(test_size)} pixels"
            )
        height, width = train_size
        sizes: dict[Split, int] = {split: shape[0] for split, shape in shapes.items()}
        return DataInfo(ImageShape(1, height, width), sizes, columns)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        files = self._files()
        self._shape(files, split)
        images, labels = (files[name] for name in PARTS[split])
        values = read_array(labels, 1).long()
        if len(values) and int(values.max()) >= len(self.class_names):
            raise DataError(f"{labels} has label {int(values.max())}, but there are {len(self.class_names)} classes")
        return ImageSet(read_array(images, 3).unsqueeze(1), {"label": values})

    def _shape(self, files: dict[str, Path], split: Literal["train", "test"]) -> tuple[int, ...]:
        images, labels = (files[name] for name in PARTS[split])
        shape, (count,) = read_shape(images, 3), read_shape(labels, 1)
        if shape[0] != count:
            raise DataError(
                f"{images} has {shape[0]} images, but {labels} has {count} labels: they are not of one split"
            )
        return shape

    def _files(self) -> dict[str, Path]:
        """The path of each file, by its name without `.gz`. Raises DataError."""
        found = self._find()
        if found is None and self.download:
            self._download()
            found = self._find()
        if found is None:
            raise DataError(self._missing("set data.root to the folder that has them, or data.download to true"))
        return found

    def _folders(self) -> tuple[Path, ...]:
        return self.root, self.root / self.torchvision_name / "raw", DEBIAN / self.name()

    def _find(self) -> dict[str, Path] | None:
        names = [name for part in PARTS.values() for name in part]
        for folder in self._folders():
            paths = {name: path for name in names for path in (folder / f"{name}.gz", folder / name) if path.is_file()}
            if len(paths) == len(names):
                return paths
        return None

    def _download(self) -> None:
        from torchvision import datasets  # slow to import, and seldom needed

        dataset = getattr(datasets, self.torchvision_name)

        def fetch(folder: Path) -> list[Path]:
            dataset(folder, download=True)
            return [folder / self.torchvision_name / "raw" / name for part in PARTS.values() for name in part]

        remedy = (
            f"the download failed. Fetch the files from {' or '.join(dataset.mirrors)} (each name with .gz) into "
            f"{self.root}, or set data.root to a folder that has them."
        )
        download_files(self.root, fetch, self._missing(remedy))

    def _missing(self, remedy: str) -> str:
        names = ", ".join(name for part in PARTS.values() for name in part)
        folders = " nor ".join(map(str, self._folders()))
        return f"{self.name()}: neither {folders} has all of {names} (raw or .gz): {remedy}"


class Mnist(FourFiles):
    """MNIST: handwritten digits, 28x28, 60,000 training and 10,000 test images."""

    class_names: ClassVar[tuple[str, ...]] = tuple(str(digit) for digit in range(10))
    torchvision_name: ClassVar[str] = "MNIST"

    type: Literal["mnist"] = "mnist"
    root: SpecPath = Field(
        default_factory=lambda: cache_folder("mnist"),
        description="The folder of the files; by default in the user's cache.",
    )


class FashionMnist(FourFiles):
    """Fashion-MNIST: articles of clothing, 28x28, 60,000 training and 10,000 test images."""

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
        description="The folder of the files; by default in the user's cache.",
    )
