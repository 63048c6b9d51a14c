"""The pictures that artifacts have drawn of a run."""

import re
from pathlib import Path
from typing import NamedTuple

SUFFIXES = frozenset({".png", ".gif", ".jpg", ".jpeg", ".webp"})
STEM = re.compile(r"step-(\d+)(?:-(.+))?")
"""Names of an artifact's files begin with the step (`Artifact.render`)."""


class Picture(NamedTuple):
    """A picture of a run."""

    path: Path
    folder: str
    """The folder of the artifact within the run, such as "traversals"."""
    name: str
    """What follows the step in the name of the file: a code, say; "" for nothing."""
    step: int

    @property
    def is_animated(self) -> bool:
        """Whether it is a GIF."""
        return self.path.suffix == ".gif"


def drawn_pictures(run: Path) -> list[Picture]:
    """Find the pictures of a run, sorted by folder, then by name and kind of file, then by step.

    Args:
        run: The run folder.
    """
    found = [
        Picture(path, path.parent.relative_to(run).as_posix(), match[2] or "", int(match[1]))
        for path in run.glob("*/**/step-*.*")
        if path.suffix in SUFFIXES and (match := STEM.fullmatch(path.stem)) and path.is_file()
    ]
    return sorted(found, key=lambda picture: (picture.folder, picture.name, picture.path.suffix, picture.step))
