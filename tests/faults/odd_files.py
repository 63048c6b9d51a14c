"""Files of datasets that are damaged, or no files at all: answered or read right, in seconds and little memory."""

import gzip
import hashlib
import json
import multiprocessing
import os
import resource
import shutil
import signal
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from gan_run import GanRunError, read_spec
from gan_run.registry.plugins import load_plugins
from tiny_datasets import DATASETS, TinyDataset
from trial import SPEC

MEMORY = 2 * 2**30
FORKS = multiprocessing.get_context("fork")


@dataclass
class OddFigures:
    """What became of odd files."""

    tries: int = 0
    answered: int = 0
    read_right: int = 0
    """How often the images were those of the whole file."""
    wrong: list[str] = field(default_factory=list)
    """Images that are others, tracebacks, hangs, memory."""


def _write(content: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda path: _replace(path, content(path.read_bytes()))


def _replace(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def _huge_npy(shape: tuple[int, ...]) -> bytes:
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def _huge_h5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("images", shape=(10**12, 8, 8), dtype="u1", chunks=(1, 8, 8))
        file.create_dataset("labels", shape=(10**12,), dtype="i8", chunks=(1024,))


def _zeros(gigabytes: int) -> bytes:
    """A gzip of so many gigabytes of zeros, whose end is missing."""
    return gzip.compress(bytes(2**24), 1) * (64 * gigabytes)


DAMAGES: Mapping[str, Callable[[Path], None]] = {
    "empty": _write(lambda content: b""),
    "half": _write(lambda content: content[: len(content) // 2]),
    "one byte less": _write(lambda content: content[:-1]),
    "a page instead": _write(lambda content: b"<!doctype html><html><body>Not found</body></html>"),
    "noise instead": _write(lambda content: np.random.default_rng(1).bytes(max(64, len(content)))),
    "missing": Path.unlink,
    "a FIFO": _instead(os.mkfifo),
    "a folder": _instead(Path.mkdir),
    "a link to nothing": _instead(lambda path: path.symlink_to("/nowhere")),
    "a link to itself": _instead(lambda path: path.symlink_to(path)),
    "an endless device": _instead(lambda path: path.symlink_to("/dev/zero")),
}
"""What can happen to any file."""
SPECIAL: Mapping[str, tuple[str, Callable[[Path], None]]] = {
    "array.npy": ("10^12 images", _write(lambda content: _huge_npy((10**12, 8, 8)))),
    "array.h5": ("10^12 images", _instead(_huge_h5)),
    "mnist": ("10^9 images", _write(lambda content: struct.pack(">4I", 0x803, 10**9, 28, 28))),
    "smallnorb": ("10^9 images", _write(lambda content: struct.pack("<6i", 0x1E3D4C55, 4, 10**9, 2, 96, 96))),
}
"""Files of one kind that promise too much."""


ANOTHER_DATASET = {("image-folder", "missing"), ("image-folder", "a folder"), ("stl10", "noise instead")}
"""A folder with a picture less is another dataset, as are other bytes in a file of nothing but pixels."""


def cases() -> Iterator[tuple[str, int, str, Callable[[Path], None]]]:
    """Every case: the dataset, which of its files, what happens to it."""
    for name in DATASETS:
        for number in range(len(FILES_OF[name])):
            for what, damage in DAMAGES.items():
                if (name, what) not in ANOTHER_DATASET:
                    yield name, number, what, damage
    for name, (what, damage) in SPECIAL.items():
        yield name, 0, what, damage
    yield "mnist", 1, "gigabytes of zeros", _write(lambda content: _zeros(4))


FILES_OF: Mapping[str, str] = {
    **dict.fromkeys(DATASETS, "1"),
    **{"image-folder": "123", "mnist": "12", "stl10": "12", "celeba": "123", "smallnorb": "123"},
}


def odd_file_trials(folder: Path, every: int = 1, seconds: float = 5) -> OddFigures:
    """Read every dataset with every damage to each of its kinds of files.

    Args:
        folder: A new folder.
        every: Only every so manieth case.
        seconds: How long an answer may take.
    """
    figures, registry, right = OddFigures(), load_plugins(), dict[str, str]()
    for index, (name, number, what, damage) in enumerate(islice(cases(), 0, None, every)):
        place = folder / str(index)
        place.mkdir(parents=True)
        dataset = DATASETS[name](place)
        if name not in right:
            right[name] = _in_a_process(dataset, place, registry, seconds).removeprefix("read ")
            shutil.rmtree(place / "cache", ignore_errors=True)
        damage(dataset.files[number])
        outcome = _in_a_process(dataset, place, registry, seconds)
        figures.tries += 1
        figures.answered += outcome.startswith("answered")
        figures.read_right += outcome == f"read {right[name]}"
        if not outcome.startswith("answered") and outcome != f"read {right[name]}":
            figures.wrong.append(f"{name}: {dataset.files[number].name}: {what}: {outcome}")
        shutil.rmtree(place)
    return figures


def _in_a_process(dataset: TinyDataset, folder: Path, registry: Any, seconds: float) -> str:
    receive, send = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_read, args=(dataset, folder, registry, send))
    process.start()
    try:
        if not receive.poll(seconds):
            return "no answer"
        return str(receive.recv())
    except EOFError:
        return "the process ended"
    finally:
        process.kill()
        process.join()


def _reserved() -> int:
    """The bytes of data that this process has reserved, used or not: the parent's freed memory is among them."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData:"))


def _read(dataset: TinyDataset, folder: Path, registry: Any, send: Connection) -> None:
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_DATA, (_reserved() + MEMORY,) * 2)
    try:
        data = read_spec({**SPEC, "data": dataset.declared}, registry=registry).data
        data.describe()
        digest = hashlib.sha256()
        for split in ("train", "test"):
            images = data.load(split)
            rows = np.arange(images.count)
            digest.update(images.gather(torch.from_numpy(rows)).numpy().tobytes())
            digest.update(json.dumps({name: values.tolist() for name, values in images.columns.items()}).encode())
        send.send(f"read {digest.hexdigest()}")
    except GanRunError as error:
        send.send(f"answered {error}")
    except BaseException as error:
        send.send(f"a bug: {type(error).__name__}: {error}")
    signal.pause()  # until it is killed: an inherited exit handler is the parent's
