"""The files of one entry of the cache of images.

KEY/images.npy    uint8 (M, C, H, W)
    blocks.jsonl  a line for each block of images, in their order: their number, their CRC-32, and the files among them
                  that could not be decoded
    about.json    the transform and the number of images
KEY.unfinished/   the same without about.json: a process that is interrupted leaves its complete blocks, and the next
                  one goes on after them

A folder under its final name is complete: it is written under another name, synced, and renamed.
"""

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO
from zlib import crc32

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor

from gan_run.core.base.errors import DataError, PluginError
from gan_run.core.base.files import sync, to_json
from gan_run.core.base.image import ImageShape

SAMPLED = 64 * 2**20
"""The bytes of a file too large for memory that are compared with their checksums when it is opened."""


@dataclass(frozen=True)
class Block:
    """Images that were written at once."""

    count: int
    crc32: int
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """The reason by row of the entry, for each file that could not be decoded."""


class UnfinishedEntry:
    """The images that are being written.

    Args:
        folder: The folder, made if it does not exist.
        image: The shape of each image.
        count: How many images there will be.
    """

    def __init__(self, folder: Path, image: ImageShape, count: int) -> None:
        self._folder = folder
        self._image = image
        self._count = count
        self.written = 0
        """The number of images in complete blocks."""
        folder.mkdir(exist_ok=True)
        self._images = (folder / "images.npy").open("a+b")
        self._blocks = (folder / "blocks.jsonl").open("a+b")

    def begin(self) -> int:
        """Keep the blocks before the first that is damaged or cut short, or begin a file.

        Returns:
            The number of images that are kept.

        Raises:
            OSError: The file cannot be written.
        """
        header = _header(self._image, self._count)
        self._images.seek(0)
        begun = self._images.read(len(header)) == header
        kept = _intact(self._images, self._blocks, self._image) if begun else []
        self.written = sum(block.count for block in kept)
        self._blocks.truncate(sum(len(_to_line(block)) for block in kept))
        if begun:
            self._images.truncate(len(header) + self.written * math.prod(self._image))
        else:
            self._images.truncate(0)
            self._images.write(header)
            self._images.flush()
        return self.written

    def append(self, images: Tensor, unreadable: Mapping[str, str]) -> None:
        """Write a block.

        Args:
            images: uint8 (N, C, H, W).
            unreadable: The reason by row of the entry, for each file of the block that could not be decoded.

        Raises:
            PluginError: The images are of another type or shape.
            OSError: They cannot be written.
        """
        if images.dtype != torch.uint8 or tuple(images.shape[1:]) != tuple(self._image):
            found = f"{images.dtype} {tuple(images.shape)}"
            raise PluginError(f"a block of images is {found}, and not uint8 of images of {self._image}")
        content = images.numpy().tobytes()
        # The file is written, not mapped: a full disk kills a process that writes to a map.
        self._images.write(content)
        self._images.flush()
        self._blocks.write(_to_line(Block(len(images), crc32(content), unreadable)))
        self._blocks.flush()
        self.written += len(images)

    def finish(self, entry: Path, transform: Mapping[str, object]) -> None:
        """Give the entry its final name.

        Args:
            entry: That name.
            transform: How the images were made, for a reader of about.json.

        Raises:
            PluginError: There are more images, or fewer.
            OSError: It cannot be written.
        """
        if self.written != self._count:
            raise PluginError(f"the blocks have {self.written} images, and not {self._count}")
        about = {"transform": transform, "images": self._count}
        (self._folder / "about.json").write_text(to_json(about), encoding="utf-8")
        for name in ("images.npy", "blocks.jsonl", "about.json"):
            sync(self._folder / name)
        sync(self._folder)
        self._folder.rename(entry)
        sync(entry.parent)

    def close(self) -> None:
        """Close the files, which stay for the next process."""
        for file in (self._images, self._blocks):
            with suppress(OSError):  # of content whose flush has failed already, as on a full disk
                file.close()

    def delete(self) -> None:
        """Delete the files, if there are any."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)


@dataclass(frozen=True)
class FinishedEntry:
    """The images of a complete entry."""

    file: Path
    offset: int
    """The bytes before the first image."""
    images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
    """uint8 (M, C, H, W), mapped from the file."""
    unreadable: Mapping[int, str]
    """The reason by row, for each file that could not be decoded."""


def open_entry(entry: Path, image: ImageShape, count: int, resident: int) -> FinishedEntry:
    """Open a complete entry, and compare it with its checksums.

    Args:
        entry: Its folder.
        image: The shape of each image.
        count: The number of images.
        resident: The size in bytes up to which all of the file is compared; of a larger one it is a sample of blocks.

    Returns:
        Its images.

    Raises:
        DataError: It is damaged.
    """
    try:
        # The header is compared first: one that promises more than the file holds makes a map fail.
        header = _header(image, count)
        with (entry / "images.npy").open("rb") as file:
            if file.read(len(header)) != header:
                raise ValueError("images.npy is of other images")
        json.loads((entry / "about.json").read_text(encoding="utf-8"))["transform"]
        mapped = np.memmap(entry / "images.npy", np.uint8, "r", len(header), (count, *image))
        blocks = [_from_line(line) for line in (entry / "blocks.jsonl").read_bytes().splitlines()]
        _compare(mapped, blocks, mapped.nbytes if mapped.nbytes <= resident else SAMPLED)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{entry} is damaged ({error}): delete it, and it is made again") from error
    unreadable = {int(row): reason for block in blocks for row, reason in block.unreadable.items()}
    return FinishedEntry(entry / "images.npy", len(header), mapped, unreadable)


def _compare(images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], blocks: Sequence[Block], budget: int) -> None:
    """Compare blocks, evenly spaced, of about `budget` bytes together, with their checksums. Raises ValueError."""
    if (said := sum(block.count for block in blocks)) != len(images):
        raise ValueError(f"blocks.jsonl is of {said} images, and not {len(images)}")
    starts = np.cumsum([0, *(block.count for block in blocks)])
    wanted = max(1, min(len(blocks), len(blocks) * budget // max(1, images.nbytes)))
    for index in range(0, len(blocks), math.ceil(len(blocks) / wanted)):
        rows = slice(starts[index], starts[index + 1])
        if crc32(images[rows].tobytes()) != blocks[index].crc32:
            raise ValueError(f"the images {rows.start} to {rows.stop - 1} are not what was written")


def _intact(images: IO[bytes], blocks: IO[bytes], image: ImageShape) -> list[Block]:
    """The blocks before the first that is not as written. `images` is read from the end of its header on."""
    kept: list[Block] = []
    blocks.seek(0)
    for line in blocks:
        try:
            block = _from_line(line)
            content = images.read(block.count * math.prod(image))
        except (ValueError, TypeError):
            break
        if _to_line(block) != line or crc32(content) != block.crc32:
            break
        kept.append(block)
    return kept


def _header(image: ImageShape, count: int) -> bytes:
    header = {"descr": npy.dtype_to_descr(np.dtype(np.uint8)), "fortran_order": False, "shape": (count, *image)}
    written = BytesIO()
    npy.write_array_header_1_0(written, header)
    return written.getvalue()


def _to_line(block: Block) -> bytes:
    return json.dumps(asdict(block)).encode() + b"\n"


def _from_line(line: bytes) -> Block:
    return Block(**json.loads(line))
