"""The data source `cifar10`."""

from pathlib import Path
from typing import Literal

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
from gan_run.plugins.data.cifar10.batches import BINARY, PYTHON, Batches
from gan_run.plugins.data.cifar10.class_folders import ClassFolders
from gan_run.plugins.data.cifar10.form import CLASSES, SIDE, Form

PUBLISHED_SIZES: dict[Split, int] = {"train": 50000, "test": 10000}
"""What is downloaded is described so before."""


class Cifar10(DataSource):
    """CIFAR-10 (Krizhevsky 2009): 32x32 colour photographs of ten classes, 50,000 training and 10,000 test images.

    `root` has the binary or the python version, as an archive or unpacked, or a folder of picture files for each class:
    `root/CLASS/…`, or `root/train/CLASS/…` and `root/test/CLASS/…`. The first of these that is there is read. Pickles
    are not executed. If there is none, the official archive is downloaded and compared with its checksum. An unpacked
    archive is described faster.
    """

    type: Literal["cifar10"] = "cifar10"
    root: SpecPath = Field(
        default_factory=lambda: cache_folder("cifar10"),
        description=f"The folder of {BINARY.archive}, {PYTHON.archive}, of what either contains, or of a folder for "
        "each class; by default in the user's cache.",
    )
    mirror: bool = Field(default=False, description="Whether to also train on the horizontally mirrored images.")
    download: bool = Field(default=True, description="Whether to download the dataset if it is missing.")
    test_fraction: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Approximate share of the test split if `root` has folders for the classes and no `train`; the "
        "split of an image depends on its file's name.",
    )
    cache: SpecPath = Field(
        default_factory=lambda: cache_folder("images"), description="The folder of decoded picture files."
    )

    def describe(self) -> DataInfo:
        to_download = self.download and self._find() is None
        sizes = PUBLISHED_SIZES if to_download else self._form().sizes()
        return DataInfo(ImageShape(3, SIDE, SIDE), sizes, {"label": Column("categorical", CLASSES)})

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        images, labels, names = self._form().load(split)
        return ImageSet(images, {"label": labels}, self.mirror and split == "train", names=names)

    def _form(self) -> Form:
        """The dataset in the form that `root` has, downloaded if need be. Raises DataError."""
        found = self._find()
        if found is None and self.download:
            self._download()
            found = self._find()
        if found is None:
            raise DataError(self._missing("set data.root to a folder that has one, or data.download to true"))
        return found

    def _find(self) -> Form | None:
        for version in (BINARY, PYTHON):
            for path in (self.root, self.root / version.folder, self.root / version.archive):
                if version.is_at(path):
                    return Batches(version, path)
        return ClassFolders(self.root, self.test_fraction, self.cache) if ClassFolders.are_at(self.root) else None

    def _download(self) -> None:
        # torchvision takes over a second to import.
        from torchvision.datasets import CIFAR10
        from torchvision.datasets.utils import download_url

        def fetch(folder: Path) -> list[Path]:
            download_url(CIFAR10.url, str(folder), PYTHON.archive, CIFAR10.tgz_md5)
            return [folder / PYTHON.archive]

        remedy = f"Fetch {CIFAR10.url} into {self.root}, or set data.root to a folder that has it."
        download_files(self.root, fetch, self._missing(f"the download failed. {remedy}"))

    def _missing(self, remedy: str) -> str:
        forms = ", ".join(name for version in (BINARY, PYTHON) for name in (version.folder, version.archive))
        return f"cifar10: {self.root} has none of {forms}, nor a folder for each class: {remedy}"
