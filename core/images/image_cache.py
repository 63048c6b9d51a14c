"""The cache of decoded images: many small image files are decoded once into one file, which is read from then on.

CACHE/KEY/images.npy     uint8 (M, C, H, W)
          about.json     the transform, the number of images, and the files that could not be decoded
CACHE/KEY.lock           held by the process that decodes

KEY is a digest of the files (path, length, modification time) and of the transform. A folder under its final name is
complete: it is written under another name, synced, and renamed.
"""

import errno
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor

from gan_run.core.base.errors import DataError, UnreadableError
from gan_run.core.base.files import locked, sync, to_json
from gan_run.core.base.image import ImageShape
from gan_run.core.base.progress import track_progress
from gan_run.core.images.stores import ImageStore, StoredImages

FORMAT = 1
"""Part of every key. Raise it when the stored form changes."""
CHUNK = 256
"""The number of images that are decoded, then written, at once."""
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
    entry = cache / _key(decoding)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(entry.with_suffix(".lock")):
            if not entry.is_dir():
                _fill(entry, decoding)
    except OSError as error:
        raise _cannot_write(cache, error) from error
    return _open(entry, decoding)


def _key(decoding: Decoding) -> str:
    terms = [FORMAT, decoding.image, decoding.transform, decoding.skip_unreadable]
    digest = sha256(json.dumps(terms, sort_keys=True).encode())
    for path in decoding.files:
        try:
            status = path.stat()
        except OSError as error:
            raise UnreadableError(f"{path} cannot be read ({error.strerror})") from None
        digest.update(os.fsencode(path.absolute()) + f"\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def _fill(entry: Path, decoding: Decoding) -> None:
    unfinished = entry.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)  # left by a killed process
    unfinished.mkdir()
    try:
        unreadable = _write_images(unfinished / "images.npy", decoding)
        about = {"transform": decoding.transform, "images": len(decoding.files), "unreadable": unreadable}
        (unfinished / "about.json").write_text(to_json(about), encoding="utf-8")
        sync(unfinished / "about.json")
        sync(unfinished)
        unfinished.rename(entry)
        sync(entry.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write_images(path: Path, decoding: Decoding) -> dict[str, str]:
    """Decode into `path`. The file is written, not mapped: a full disk kills a process that writes to a map."""
    unreadable: dict[str, str] = {}
    blank = torch.zeros(decoding.image, dtype=torch.uint8)

    def decode(row: int) -> Tensor:
        try:
            return decoding.decode(decoding.files[row])
        except UnreadableError as error:
            if not decoding.skip_unreadable:
                raise
            unreadable[str(row)] = str(error)
            return blank

    shape = (len(decoding.files), *decoding.image)
    header = {"descr": npy.dtype_to_descr(np.dtype(np.uint8)), "fortran_order": False, "shape": shape}
    # Pillow decodes and resizes without holding the interpreter's lock.
    with path.open("wb") as file, ThreadPoolExecutor() as pool:
        npy.write_array_header_1_0(file, header)
        for start in track_progress(range(0, len(decoding.files), CHUNK), f"decoding {len(decoding.files)} images"):
            rows = range(start, min(start + CHUNK, len(decoding.files)))
            file.write(torch.stack(list(pool.map(decode, rows))).numpy().tobytes())
        file.flush()
        os.fsync(file.fileno())
    return unreadable


def _open(entry: Path, decoding: Decoding) -> Decoded:
    try:
        mapped = np.load(entry / "images.npy", mmap_mode="r", allow_pickle=False)
        about = json.loads((entry / "about.json").read_text(encoding="utf-8"))
        unreadable = {int(row): str(reason) for row, reason in about["unreadable"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{entry} is damaged ({error}): delete it, and it is made again") from error
    if mapped.shape != (len(decoding.files), *decoding.image) or mapped.dtype != np.uint8:
        raise DataError(f"{entry} is damaged (it holds {mapped.dtype} {mapped.shape}): delete it, and it is made again")
    if mapped.nbytes <= RESIDENT:
        return Decoded(torch.from_numpy(np.array(mapped)), unreadable)
    return Decoded(StoredImages(entry / "images.npy", decoding.image, len(mapped), mapped.offset), unreadable)


def _cannot_write(cache: Path, error: OSError) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(f"{cache}: the disk is full; make room, or set data.cache to a folder elsewhere")
    return DataError(f"{cache}: decoded images cannot be kept here ({error}); set data.cache to another folder")
