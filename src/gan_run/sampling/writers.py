"""The files that samples are written to, some at a time: a grid, an array file, or a folder of pictures."""

import math
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray

from gan_run.core.base.errors import DataError
from gan_run.core.base.files import check_new, check_space
from gan_run.core.images.grid import check_grid, image_grid, picture_of, picture_suffixes, save_picture, save_png
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.numbered_samples import Samples
from gan_run.sampling.requests import FILE, LATENTS, NUMBER, SEED
from gan_run.tables import add_arrays, write_table

FILE_BYTES = 4096
"""What the smallest file takes on most file systems."""


@dataclass(frozen=True)
class Writer(ABC):
    """Writes N samples of a model into a file or a folder."""

    target: Path
    model: Model
    count: int
    """N."""
    shown: Sequence[CodeDim] = ()
    """The codes that a table of the samples has."""
    channels: Sequence[int] | None = None
    """The channels that pictures show; None for the first three."""

    @abstractmethod
    def check(self) -> None:
        """Refuse a target that cannot hold so many samples, before they are drawn.

        Raises:
            DataError: It cannot.

        Example:
            def check(self) -> None:
                check_space(self.target, self.count * BYTES)
        """

    @abstractmethod
    def write(self, blocks: Iterator[Samples]) -> None:
        """Write all samples.

        Args:
            blocks: The samples, some at a time.

        Raises:
            DataError: The images are no pictures, or the target cannot be written.

        Example:
            def write(self, blocks: Iterator[Samples]) -> None:
                np.save(self.target, torch.cat([block.images for block in blocks]).numpy())
        """


class GridWriter(Writer):
    """A picture of all samples, in the format of the file's suffix."""

    def check(self) -> None:
        check_grid(self.model.image, self.count, self._columns)

    def write(self, blocks: Iterator[Samples]) -> None:
        images = torch.cat([block.images for block in blocks])
        self.target.parent.mkdir(parents=True, exist_ok=True)
        save_picture(image_grid(images, self._columns, self.channels), self.target)

    @property
    def _columns(self) -> int:
        return math.isqrt(self.count - 1) + 1


class ArrayWriter(Writer):
    """An .npz file: `images` as the data stores them, `seed` and `number`, and the values of every latent,
    `latents.NAME`."""

    def check(self) -> None:
        check_space(self.target, self.count * math.prod(self.model.image) * self.model.codec.torch_dtype.itemsize)

    def write(self, blocks: Iterator[Samples]) -> None:
        self.target.parent.mkdir(parents=True, exist_ok=True)
        columns: dict[str, list[NDArray[Any]]] = {}
        with _renamed(self.target) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("images.npy", "w", force_zip64=True) as member:
                _write_header(member, (self.count, *self.model.image), self.model.codec.dtype)
                for block in blocks:
                    member.write(self.model.codec.encode(block.images).numpy().tobytes())
                    latents = {f"{LATENTS}{name}": value.numpy() for name, value in block.values.items()}
                    _append(columns, {**_origin(block), **latents})
            add_arrays(archive, _joined(columns))


class FolderWriter(Writer):
    """A folder with one PNG per sample, and labels.csv: the file, seed, number and codes of each."""

    def check(self) -> None:
        check_space(self.target, self.count * FILE_BYTES)

    def write(self, blocks: Iterator[Samples]) -> None:
        check_new(self.target)
        self.target.mkdir(parents=True, exist_ok=True)
        digits = max(5, len(str(self.count - 1)))
        columns: dict[str, list[NDArray[Any]]] = {}
        done = 0
        for block in blocks:
            names = [f"{one.name or f'{done + place:0{digits}}'}.png" for place, one in enumerate(block.wanted)]
            for name, image in zip(names, block.images, strict=True):
                save_png(picture_of(image, self.channels), self.target / name)
            _append(columns, {FILE: np.array(names), **self._labels(block)})
            done += len(names)
        write_table(_joined(columns), self.target / "labels.csv")

    def _labels(self, block: Samples) -> dict[str, NDArray[Any]]:
        labels = _origin(block)
        for dim in self.shown:
            values = self.model.latents.value_of(block.values, dim)
            labels[str(dim)] = values.numpy()
            if self.model.code_names.names_values(dim):
                titles = [self.model.code_names.value_name(dim, value) for value in values.tolist()]
                labels[f"{dim}.name"] = np.array(titles)
        return labels


def writer_for(target: Path) -> type[Writer]:
    """What writes samples into a path: an .npz file, a picture by its suffix, or a folder.

    Raises:
        DataError: The name of the file ends otherwise.
    """
    if target.is_dir() or not target.suffix:
        return FolderWriter
    if target.suffix == ".npz":
        return ArrayWriter
    if target.suffix.lower() not in picture_suffixes():
        raise DataError(
            f"{target}: images are written as an array file (.npz), a picture (.png, .jpg, .webp, …), or into a "
            "folder, whose name has no dot"
        )
    return GridWriter


def _origin(block: Samples) -> dict[str, NDArray[Any]]:
    """What each sample's noise was drawn from."""
    return {
        SEED: np.array([one.seed for one in block.wanted]),
        NUMBER: np.array([one.number for one in block.wanted]),
    }


def _append(columns: dict[str, list[NDArray[Any]]], block: Mapping[str, NDArray[Any]]) -> None:
    for name, column in block.items():
        columns.setdefault(name, []).append(column)


def _joined(columns: Mapping[str, list[NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def _write_header(member: IO[bytes], shape: tuple[int, ...], dtype: str) -> None:
    described = np.lib.format.dtype_to_descr(np.dtype(dtype))
    header = {"descr": described, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(member, header)


@contextmanager
def _renamed(path: Path) -> Iterator[Path]:
    """A path to write to, which is renamed to `path` afterwards; removed if writing fails."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
