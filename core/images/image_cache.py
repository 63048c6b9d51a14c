"""The cache of images: image files are decoded, and archives unpacked, once into one file that is read from then on.

CACHE/KEY/images.npy     uint8 (M, C, H, W)
          about.json     the transform, the number of images, and the files that could not be decoded
CACHE/KEY.lock           held by the process that decodes or unpacks

KEY is a digest of the files (path, length, modification time) and of the transform. A folder under its final name is
complete: it is written under another name, synced, and renamed.
"""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor

from gan_run.core.base.errors import DataError, PluginError, UnreadableError
from gan_run.core.base.files import locked, sync, to_json
from gan_run.core.base.image import ImageShape
from gan_run.core.base.progress import track_progress
from gan_run.core.images.stores import ImageStore, StoredImages

FORMAT = 1
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
    count, unreadable = len(decoding.files), dict[str, str]()

    def blocks() -> Iterator[Tensor]:
        # Pillow decodes and resizes without holding the interpreter's lock.
        with ThreadPoolExecutor() as pool:
            for start in track_progress(range(0, count, CHUNK), f"decoding {count} images"):
                rows = range(start, min(start + CHUNK, count))
                yield torch.stack(list(pool.map(lambda row: _decode(decoding, row, unreadable), rows)))

    whole = Unpacking(decoding.files, decoding.image, count, decoding.transform, blocks)
    return _kept(whole, [decoding.transform, decoding.skip_unreadable], unreadable, cache)


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

    def blocks() -> Iterator[Tensor]:
        yield from track_progress(unpacking.blocks(), f"unpacking {unpacking.count} images")

    return _kept(replace(unpacking, blocks=blocks), [unpacking.transform], {}, cache).images


def _decode(decoding: Decoding, row: int, unreadable: dict[str, str]) -> Tensor:
    try:
        return decoding.decode(decoding.files[row])
    except UnreadableError as error:
        if not decoding.skip_unreadable:
            raise
        unreadable[str(row)] = str(error)
        return torch.zeros(decoding.image, dtype=torch.uint8)


def _kept(unpacking: Unpacking, terms: Sequence[object], unreadable: Mapping[str, str], cache: Path) -> Decoded:
    """The images from the cache, which has them afterwards.

    Args:
        unpacking: How they are read, if the cache has not got them.
        terms: Further parts of the key.
        unreadable: Filled while blocks are read.
        cache: The cache's folder.
    """
    entry = cache / _key(unpacking, terms)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(entry.with_suffix(".lock")):
            if not entry.is_dir():
                _fill(entry, unpacking, unreadable)
    except OSError as error:
        raise _cannot_write(cache, error) from error
    return _open(entry, unpacking)


def _key(unpacking: Unpacking, terms: Sequence[object]) -> str:
    digest = sha256(json.dumps([FORMAT, unpacking.image, *terms], sort_keys=True).encode())
    for path in unpacking.files:
        try:
            status = path.stat()
        except OSError as error:
            raise UnreadableError(f"{path} cannot be read ({error.strerror})") from None
        digest.update(os.fsencode(path.absolute()) + f"\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def _fill(entry: Path, unpacking: Unpacking, unreadable: Mapping[str, str]) -> None:
    unfinished = entry.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)  # left by a killed process
    unfinished.mkdir()
    try:
        _write_images(unfinished / "images.npy", unpacking)
        about = {"transform": unpacking.transform, "images": unpacking.count, "unreadable": unreadable}
        (unfinished / "about.json").write_text(to_json(about), encoding="utf-8")
        sync(unfinished / "about.json")
        sync(unfinished)
        unfinished.rename(entry)
        sync(entry.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write_images(path: Path, unpacking: Unpacking) -> None:
    """Write into `path`. The file is written, not mapped: a full disk kills a process that writes to a map."""
    shape = (unpacking.count, *unpacking.image)
    header = {"descr": npy.dtype_to_descr(np.dtype(np.uint8)), "fortran_order": False, "shape": shape}
    written = 0
    with path.open("wb") as file:
        npy.write_array_header_1_0(file, header)
        for block in unpacking.blocks():
            if block.dtype != torch.uint8 or tuple(block.shape[1:]) != tuple(unpacking.image):
                found = f"{block.dtype} {tuple(block.shape)}"
                raise PluginError(f"a block of images is {found}, and not uint8 of images of {unpacking.image}")
            file.write(block.numpy().tobytes())
            written += len(block)
        file.flush()
        os.fsync(file.fileno())
    if written != unpacking.count:
        raise PluginError(f"the blocks have {written} images, and not {unpacking.count}")


def _open(entry: Path, unpacking: Unpacking) -> Decoded:
    try:
        mapped = np.load(entry / "images.npy", mmap_mode="r", allow_pickle=False)
        about = json.loads((entry / "about.json").read_text(encoding="utf-8"))
        unreadable = {int(row): str(reason) for row, reason in about["unreadable"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{entry} is damaged ({error}): delete it, and it is made again") from error
    if mapped.shape != (unpacking.count, *unpacking.image) or mapped.dtype != np.uint8:
        raise DataError(f"{entry} is damaged (it holds {mapped.dtype} {mapped.shape}): delete it, and it is made again")
    if mapped.nbytes <= RESIDENT:
        return Decoded(torch.from_numpy(np.array(mapped)), unreadable)
    return Decoded(StoredImages(entry / "images.npy", unpacking.image, unpacking.count, mapped.offset), unreadable)


def _cannot_write(cache: Path, error: OSError) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(f"{cache}: the disk is full; make room, or set data.cache to a folder elsewhere")
    return DataError(f"{cache}: images cannot be kept here ({error}); set data.cache to another folder")
