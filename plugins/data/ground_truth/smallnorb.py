"""The data source `smallnorb`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

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
    Split,
    Unpacking,
    cache_folder,
    damaged_file,
    permutation,
    read_binary_array,
    read_binary_header,
    resize_pixels,
    unpack_once,
)
from gan_run.plugins.data.ground_truth.downloads import fetch_files
from gan_run.plugins.data.ground_truth.norb_file import read_norb_header

ADDRESS = "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small"
STEMS: dict[Literal["train", "test"], str] = {
    "train": "smallnorb-5x46789x9x18x6x2x96x96-training",
    "test": "smallnorb-5x01235x9x18x6x2x96x96-testing",
}
SHA256 = {
    f"{STEMS['train']}-dat.mat.gz": "5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873",
    f"{STEMS['train']}-cat.mat.gz": "2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa",
    f"{STEMS['train']}-info.mat.gz": "de7eb932ebe7a4ee16217fead60660d0eb3d23632c2f4d1c51f88c501c17bf32",
    f"{STEMS['test']}-dat.mat.gz": "cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474",
    f"{STEMS['test']}-cat.mat.gz": "ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff",
    f"{STEMS['test']}-info.mat.gz": "16adf314226327ee006d1a44db8cfef52773c06c829951d5653a9f6f310248a2",
}
SIDE = 96
PUBLISHED_SIZE = 24300
"""Of each split."""
COLUMNS = {
    "label": Column("categorical", ("animal", "human", "airplane", "truck", "car")),
    "instance": Column("categorical", tuple(str(instance) for instance in range(10))),
    "elevation": Column("continuous"),
    "azimuth": Column("angle"),
    "lighting": Column("categorical", tuple(str(lighting) for lighting in range(6))),
}
BLOCK = 1024
"""Images that are resized at once."""


class Files(NamedTuple):
    """The files of a split."""

    dat: Path
    cat: Path
    info: Path


class SmallNORB(DataSource):
    """smallNORB (LeCun et al. 2004): photographs of 50 toys, gray, in 24,300 training and 24,300 test images.

    Each toy is seen from 18 azimuths and 9 elevations under 6 lightings; training and test images show other toys. The
    left one of each stereo pair is taken, 96x96 pixels, and resized (disentanglement_lib takes 64). The columns are the
    class `label`, `instance` (the toy of its class), `elevation` and `azimuth` in degrees, and `lighting`.
    """

    type: Literal["smallnorb"] = "smallnorb"
    root: SpecPath = Field(
        default_factory=lambda: cache_folder("smallnorb"),
        description="The folder of the authors' six files, gzipped or not; by default in the user's cache.",
    )
    size: int = Field(default=64, ge=1, le=65_536, description="Height and width of the resized images, in pixels.")
    download: bool = Field(default=True, description="Whether to download missing files, 263 MB.")
    cache: SpecPath = Field(
        default_factory=lambda: cache_folder("images"), description="The folder of the unpacked images."
    )

    def describe(self) -> DataInfo:
        return DataInfo(ImageShape(1, self.size, self.size), self._sizes(), COLUMNS)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        files = self._files()[split]
        count, image = _count(files), ImageShape(1, self.size, self.size)
        transform = {"source": "smallnorb", "size": self.size}
        unpacking = Unpacking([files.dat], image, count, transform, lambda: self._blocks(files.dat))
        images = ImageSet(unpack_once(unpacking, self.cache), _columns(files))
        # The files are sorted by toy, and validation images are the last ones.
        return images.select(permutation(count, "smallnorb", split))

    def _sizes(self) -> dict[Split, int]:
        """By the headers, or as published if the files are to be downloaded."""
        if self.download and len(self._find()) < len(SHA256):
            return dict.fromkeys(STEMS, PUBLISHED_SIZE)
        files = self._files()
        return {split: _count(files[split]) for split in STEMS}

    def _blocks(self, path: Path) -> Iterator[Tensor]:
        pairs = read_binary_array(path, read_norb_header)
        for start in range(0, len(pairs), BLOCK):
            yield resize_pixels(torch.from_numpy(pairs[start : start + BLOCK, :1]), self.size)

    def _files(self) -> dict[Literal["train", "test"], Files]:
        """The files of each split, downloaded if need be. Raises DataError."""
        found = self._find()
        if missing := {name: digest for name, digest in SHA256.items() if name not in found}:
            lacks = f"smallnorb: {self.root} lacks {', '.join(missing)} (gzipped or not)"
            if not self.download:
                raise DataError(f"{lacks}: set data.root to the folder that has them, or data.download to true")
            fetch_files(self.root, ADDRESS, missing, lacks)
            found = self._find()
        parts = ("dat", "cat", "info")
        return {split: Files(*(found[f"{stem}-{part}.mat.gz"] for part in parts)) for split, stem in STEMS.items()}

    def _find(self) -> dict[str, Path]:
        """The files that there are, gzipped or not, by the names of the gzipped ones."""
        paths = {name: (self.root / name, self.root / name.removesuffix(".gz")) for name in SHA256}
        return {name: path for name, both in paths.items() for path in both if path.is_file()}


def _count(files: Files) -> int:
    """The number of images of a split, by the headers. Raises DataError."""
    pairs, classes, infos = (read_binary_header(path, read_norb_header) for path in files)
    count = pairs.shape[0]
    if pairs.shape != (count, 2, SIDE, SIDE) or pairs.dtype != "uint8":
        raise damaged_file(files.dat, f"it has {pairs.dtype} {pairs.shape}, not uint8 (N, 2, {SIDE}, {SIDE})")
    for path, found, shape in ((files.cat, classes, (count,)), (files.info, infos, (count, 4))):
        if found.shape != shape or found.dtype != "int32":
            raise damaged_file(path, f"it has {found.dtype} {found.shape}, and {files.dat.name} needs int32 {shape}")
    return count


def _columns(files: Files) -> dict[str, Tensor]:
    """The columns of all images of a split. Raises DataError."""
    classes, infos = (torch.from_numpy(read_binary_array(path, read_norb_header)) for path in (files.cat, files.info))
    instance, elevation, azimuth, lighting = infos.long().unbind(1)
    found = {
        "label": classes.long(),
        "instance": instance,
        "elevation": 30.0 + 5.0 * elevation.double(),
        "azimuth": 10.0 * azimuth.double(),
        "lighting": lighting,
    }
    for name, column in COLUMNS.items():
        if mistake := column.mistake_in(found[name]):
            raise damaged_file(files.cat if name == "label" else files.info, f"of the factor {name} it has {mistake}")
    return found
