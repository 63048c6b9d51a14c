"""CIFAR-10 as its authors publish it: six files of pictures, in a folder or a .tar.gz archive, binary or pickled."""

import tarfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from gan_run import DataError, Split, damaged_file
from gan_run.plugins.data.cifar10.form import CLASSES, SIDE, Form, Pictures
from gan_run.plugins.data.cifar10.pickled import unpickle

PIXELS = 3 * SIDE * SIDE
"""The bytes of a picture: red, then green, then blue, each row by row from the top."""
FILES: dict[Literal["train", "test"], Sequence[str]] = {
    "train": [f"data_batch_{number}" for number in range(1, 6)],
    "test": ["test_batch"],
}
"""The files of each split, without a suffix."""
ALL_FILES = [*FILES["train"], *FILES["test"]]


class Batch(NamedTuple):
    """The pictures of one file."""

    pixels: NDArray[np.uint8]
    """(N, 3072)."""
    labels: NDArray[np.int64]
    """(N,)."""
    names: Sequence[str] | None


@dataclass(frozen=True)
class Version:
    """A version that the authors publish."""

    folder: str
    archive: str
    suffix: str
    parse: Callable[[bytes], Batch]
    """Reads the content of one file. Raises ValueError."""

    def is_at(self, path: Path) -> bool:
        """Whether a path is this version's archive, or a folder with some of its files."""
        if path.is_file():
            return path.name == self.archive
        return any((path / f"{name}{self.suffix}").is_file() for name in ALL_FILES)


def parse_binary(content: bytes) -> Batch:
    """Read records of a label and the bytes of a picture. Raises ValueError."""
    if len(content) % (1 + PIXELS):
        raise ValueError(f"{len(content)} bytes are no multiple of {1 + PIXELS}")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, 1 + PIXELS)
    return _checked(Batch(records[:, 1:], records[:, 0].astype(np.int64), None))


def parse_pickled(content: bytes) -> Batch:
    """Read a pickled dict with `data`, `labels` and `filenames`. Raises ValueError."""
    found = unpickle(content)
    pixels, labels, names = (found.get(key) for key in ("data", "labels", "filenames"))
    if not isinstance(pixels, np.ndarray) or pixels.shape[1] != PIXELS:
        raise ValueError(f"its data is no array (N, {PIXELS})")
    for key, values, kind in (("labels", labels, int), ("filenames", names, str)):
        if not isinstance(values, list) or {type(value) for value in values} - {kind} or len(values) != len(pixels):
            raise ValueError(f"its {key} are no list of {len(pixels)} {kind.__name__}")
    assert isinstance(names, list)
    return _checked(Batch(pixels, np.array(labels, dtype=np.int64), names))


def _checked(batch: Batch) -> Batch:
    if unknown := set(batch.labels.tolist()) - set(range(len(CLASSES))):
        raise ValueError(f"it has the label {min(unknown)}, and labels are 0 to {len(CLASSES) - 1}")
    return batch


BINARY = Version("cifar-10-batches-bin", "cifar-10-binary.tar.gz", ".bin", parse_binary)
PYTHON = Version("cifar-10-batches-py", "cifar-10-python.tar.gz", "", parse_pickled)


class Batches(Form):
    """A version of CIFAR-10.

    Args:
        version: Which version.
        path: Its archive, or the folder of its files.
    """

    def __init__(self, version: Version, path: Path) -> None:
        self._version = version
        self._path = path

    def sizes(self) -> dict[Split, int]:
        counts = {name: len(batch.labels) for name, batch in self._batches(ALL_FILES)}
        shortest, longest = (choose(FILES["train"], key=counts.__getitem__) for choose in (min, max))
        if counts[longest] - counts[shortest] > 1:  # the published ones are of 10,000 each
            raise damaged_file(
                self._path / f"{shortest}{self._version.suffix}",
                f"it has {counts[shortest]} images, and {longest} {counts[longest]}",
            )
        return {split: sum(counts[name] for name in names) for split, names in FILES.items()}

    def load(self, split: Literal["train", "test"]) -> Pictures:
        found = dict(self._batches(FILES[split]))
        batches = [found[name] for name in FILES[split]]
        pixels = np.concatenate([batch.pixels for batch in batches])
        labels = np.concatenate([batch.labels for batch in batches])
        names = [name for batch in batches for name in batch.names or ()]
        images = torch.from_numpy(pixels.reshape(-1, 3, SIDE, SIDE))
        return Pictures(images, torch.from_numpy(labels), names if self._version is PYTHON else None)

    def _batches(self, names: Collection[str]) -> Iterator[tuple[str, Batch]]:
        """The batches of these files, in any order, each with its name. Raises DataError."""
        missing = set(names)
        try:
            for file, content in self._contents({f"{name}{self._version.suffix}" for name in names}):
                name = PurePosixPath(file).stem
                yield name, self._parse(file, content)
                missing.discard(name)
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            raise damaged_file(self._path, str(error)) from error
        if missing:
            raise DataError(
                f"cifar10: {self._path} lacks {', '.join(sorted(missing))}: fetch {self._version.archive} again"
            )

    def _contents(self, files: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """The names and contents of those of `files` that there are. An archive is read once from begin to end."""
        if self._path.is_dir():
            yield from ((file, (self._path / file).read_bytes()) for file in files if (self._path / file).is_file())
            return
        with tarfile.open(self._path, "r:gz") as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if name in files and (opened := archive.extractfile(member)) is not None:
                    yield name, opened.read()

    def _parse(self, file: str, content: bytes) -> Batch:
        try:
            return self._version.parse(content)
        except ValueError as error:
            raise damaged_file(self._path / file, str(error)) from error
