"""A cache of tensors that take long to compute: features of a dataset, the weights of a small network.

FOLDER/KEY.safetensors  the tensors, with their SHA-256 in the metadata
       KEY.lock         held by the process that computes them

A file under its final name is complete: it is written under another name, synced, and renamed.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gan_run.core.base.errors import DataError
from gan_run.core.base.files import locked, sync
from gan_run.core.base.system_errors import DISK_FULL
from gan_run.core.base.tensor_files import save_tensors


def hash_tensors(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of tensors, such as a module's `state_dict()`.

    Args:
        tensors: Tensors by name, in any order, on any device.

    Returns:
        64 hexadecimal digits, which depend on each tensor's name, type, shape and values.
    """
    digest = sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def cached_tensors(
    folder: Path, key: Mapping[str, object], compute: Callable[[], Mapping[str, Tensor]]
) -> dict[str, Tensor]:
    """Tensors that are computed once, and read from a file from then on.

    If several processes need the same tensors at once, one computes and the others wait. A damaged file is replaced.

    Args:
        folder: The cache's folder, such as `cache_folder("my-plugin")`; made if it does not exist.
        key: All that decides the tensors, in JSON's types.
        compute: Computes them.

    Returns:
        The tensors by name, on the CPU.

    Raises:
        DataError: The cache cannot be written.
    """
    entry = folder / f"{sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]}.safetensors"
    with _held(entry):
        if (found := _read(entry)) is None:
            found = {name: tensor.detach().cpu().contiguous() for name, tensor in compute().items()}
            _write(entry, found)
    return found


@contextmanager
def _held(entry: Path) -> Iterator[None]:
    """Hold the lock of an entry. Raises DataError if the lock file cannot be written."""
    lock = entry.with_suffix(".lock")
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    except OSError as error:
        raise _cannot_write(entry.parent, error) from None
    with locked(lock):
        yield


def _read(entry: Path) -> dict[str, Tensor] | None:
    """The tensors in a file; None if there is none or it is damaged."""
    try:
        with safe_open(entry, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no mapping
            said = file.metadata()["sha256"]
    except (OSError, SafetensorError, KeyError, TypeError):
        return None
    return tensors if hash_tensors(tensors) == said else None


def _write(entry: Path, tensors: dict[str, Tensor]) -> None:
    unfinished = entry.with_suffix(".unfinished")
    try:
        save_tensors(tensors, unfinished, metadata={"sha256": hash_tensors(tensors)})
        sync(unfinished)
        unfinished.replace(entry)
        sync(entry.parent)
    except OSError as error:
        raise _cannot_write(entry.parent, error) from None
    finally:
        unfinished.unlink(missing_ok=True)


def _cannot_write(folder: Path, error: OSError) -> DataError:
    if error.errno in DISK_FULL:
        return DataError(f"{folder}: the disk is full; make room, or set `cache` to a folder elsewhere")
    return DataError(f"{folder}: results cannot be kept here ({error}); set `cache` to another folder")
