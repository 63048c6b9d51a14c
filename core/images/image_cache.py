"""The cache of images: image files are decoded, and archives unpacked, once into one file that is read from then on.

CACHE/KEY        an entry: see `cache_entry`
CACHE/KEY.lock   held by the process that decodes or unpacks

KEY is a digest of the files (path, length, modification time) and of the transform. A process that is interrupted
leaves what it has decoded, and the next one goes on after it.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_run.core.base.errors import DataError, UnreadableError
from gan_run.core.base.files import check_file, locked
from gan_run.core.base.image import ImageShape
from gan_run.core.base.progress import track_progress
from gan_run.core.base.system_errors import DISK_FULL
from gan_run.core.images.cache_entry import UnfinishedEntry, open_entry
from gan_run.core.images.stores import ImageStore, StoredImages

FORMAT = 2
"""Part of every key. Raise it when the stored form changes."""
CHUNK = 256
"""The number of image files that are decoded, then written, at once."""
RESIDENT = 2**30
"""The largest set, in bytes, that is held in memory; a larger one stays in its file."""


@dataclass(frozen=True)
class Decoding:
    """Which files are decoded, and how."""

    files: Sequence[Path]
    image: ImageShape
    transform: Mapping[str, object]
    """Every setting that changes the decoded pixels, in JSON's types. It is part of the key."""
    decode: Callable[[Path], Tensor]
    """Decodes one file to uint8 (C, H, W). It is called from several threads. Raises UnreadableError."""
    skip_unreadable: bool = False
    """Whether a file that cannot be decoded becomes a black image with a note, instead of an error."""


@dataclass(frozen=True)
class Unpacking:
    """Which files hold many images each, and how these are read."""

    files: Sequence[Path]
    image: ImageShape
    count: int
    """The number of images."""
    transform: Mapping[str, object]
    """Every setting that changes the pixels, in JSON's types. It is part of the key."""
    blocks: Callable[[], Iterable[Tensor]]
    """Reads the images in their order, uint8 (N, C, H, W) at a time, of any N. Raises DataError."""


@dataclass(frozen=True)
class Decoded:
    """Decoded images, and the files that could not be decoded."""

    images: Tensor | ImageStore
    """uint8 (M, C, H, W): in memory, or in the cache file if they exceed `RESIDENT` bytes."""
    unreadable: Mapping[int, str]
    """The reason by row, for each file that could not be decoded."""


def decode_once(decoding: Decoding, cache: Path) -> Decoded:
    """Decode image files into the cache, or read them from there.

    If several processes need the same images at once, one decodes and the others wait.

    Args:
        decoding: the files and how they are decoded.
        cache: the cache's folder.

    Returns:
        The images in the order of the files.

    Raises:
        DataError: a file cannot be decoded, or the cache cannot be written or is damaged.
    """
    if not decoding.files:
        return Decoded(torch.empty((0, *decoding.image), dtype=torch.uint8), {})
    count = len(decoding.files)

    def blocks(first: int) -> Iterator[_ReadBlock]:
        starts = range(first, count, CHUNK)
        with _workers() as pool:
            for start in track_progress(starts, f"decoding {count - first} images"):
                rows = range(start, min(start + CHUNK, count))
                unreadable: dict[str, str] = {}
                images = list(pool.map(lambda row, found=unreadable: _decode(decoding, row, found), rows))
                yield torch.stack(images), unreadable

    whole = _Work(decoding.files, decoding.image, count, decoding.transform, blocks)
    return _kept(whole, [decoding.transform, decoding.skip_unreadable], cache)


def unpack_once(unpacking: Unpacking, cache: Path) -> Tensor | ImageStore:
    """Unpack images into the cache, or read them from there.

    Memory holds one block while they are unpacked. If several processes need the same images at once, one unpacks and
    the others wait.

    Args:
        unpacking: The files and how they are read.
        cache: The cache's folder.

    Returns:
        uint8 (M, C, H, W): in memory, or in the cache file if they exceed 1 GiB.

    Raises:
        DataError: A file cannot be read, or the cache cannot be written or is damaged.
    """

    for file in unpacking.files:
        check_file(file)

    def blocks(first: int) -> Iterator[_ReadBlock]:
        start = 0
        for images in track_progress(unpacking.blocks(), f"unpacking {unpacking.count} images"):
            if (wanted := images[max(0, first - start) :]).numel():
                yield wanted, {}
            start += len(images)

    whole = _Work(unpacking.files, unpacking.image, unpacking.count, unpacking.transform, blocks)
    return _kept(whole, [unpacking.transform], cache).images


_ReadBlock = tuple[Tensor, Mapping[str, str]]
"""Images, uint8 (N, C, H, W), and the reason by row of the entry, for each file that could not be decoded."""


@dataclass(frozen=True)
class _Work:
    """What an entry of the cache is made from."""

    files: Sequence[Path]
    image: ImageShape
    count: int
    transform: Mapping[str, object]
    blocks: Callable[[int], Iterable[_ReadBlock]]
    """The images from the row of the argument on."""


@contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    """Threads that decode: Pillow decodes and resizes without holding the interpreter's lock."""
    pool = ThreadPoolExecutor()
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)  # after an interruption they end with the files that they have begun


def _decode(decoding: Decoding, row: int, unreadable: dict[str, str]) -> Tensor:
    path = decoding.files[row]
    try:
        return decoding.decode(path)
    except (UnreadableError, OSError) as error:
        reason = str(error) if isinstance(error, UnreadableError) else f"{path} cannot be read ({error.strerror})"
        if not decoding.skip_unreadable:
            raise UnreadableError(reason) from error
        unreadable[str(row)] = reason
        return torch.zeros(decoding.image, dtype=torch.uint8)


def _kept(work: _Work, terms: Sequence[object], cache: Path) -> Decoded:
    """The images from the cache, which has them afterwards.

    Args:
        work: How they are made, if the cache has not got them.
        terms: Further parts of the key.
        cache: The cache's folder.
    """
    entry = cache / _key(work, terms)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(entry.with_suffix(".lock")):
            if not entry.is_dir():
                _fill(entry, work)
    except OSError as error:
        raise _cannot_write(cache, error) from error
    found = open_entry(entry, work.image, work.count, RESIDENT)
    if found.images.nbytes <= RESIDENT:
        return Decoded(torch.from_numpy(np.array(found.images)), found.unreadable)
    return Decoded(StoredImages(found.file, work.image, work.count, found.offset), found.unreadable)


def _key(work: _Work, terms: Sequence[object]) -> str:
    digest = sha256(json.dumps([FORMAT, work.image, *terms], sort_keys=True).encode())
    for path in work.files:
        try:
            status = path.stat()
            found = f"{status.st_size}\0{status.st_mtime_ns}"
        except OSError as error:  # a link to nothing: the decoder names it, or skips it
            found = f"{error.strerror}"
        digest.update(os.fsencode(path.absolute()) + f"\0{found}\n".encode())
    return digest.hexdigest()[:32]


def _fill(entry: Path, work: _Work) -> None:
    unfinished = UnfinishedEntry(entry.with_suffix(".unfinished"), work.image, work.count)
    try:
        for images, unreadable in work.blocks(unfinished.begin()):
            unfinished.append(images, unreadable)
        unfinished.finish(entry, work.transform)
    except Exception:  # not an interruption: the next process goes on after the complete blocks
        unfinished.delete()
        raise
    finally:
        unfinished.close()


def _cannot_write(cache: Path, error: OSError) -> DataError:
    if error.errno in DISK_FULL:
        return DataError(f"{cache}: the disk is full; make room, or set data.cache to a folder elsewhere")
    return DataError(f"{cache}: images cannot be kept here ({error}); set data.cache to another folder")
