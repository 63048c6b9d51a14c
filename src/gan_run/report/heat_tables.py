"""Tables of shares and associations that artifacts have written beside their pictures."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from gan_run.results.pictures import STEM
from gan_run.results.run import Run

AXES = {
    ("categories", "classes"): ("shares", "counts", "Images of each category (rows), by their class (columns)"),
    ("codes", "factors"): ("strengths", "strengths", "Association of each code (rows) with each factor (columns)"),
}
"""The lists that name rows and columns: how dark each cell is, what is in it, and what it shows."""


class Cell(NamedTuple):
    """A cell of a heat table."""

    text: str
    strength: float
    """In [0, 1]."""


class HeatTable(NamedTuple):
    """A table with dark and light cells."""

    folder: str
    about: str
    step: int
    split: str
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]


def heat_tables(run: Run) -> list[HeatTable]:
    """The last table of each artifact of a run that writes one as JSON.

    Args:
        run: The run.
    """
    last = {}
    for path in sorted(run.path.glob("*/step-*.json")):
        match = STEM.fullmatch(path.stem)
        if match is not None and (table := _read(path.read_text(encoding="utf-8"), path.parent.name, int(match[1]))):
            last[table.folder] = table
    return [*last.values()]


def _read(text: str, folder: str, step: int) -> HeatTable | None:
    """The table in a file; None if it has another content."""
    try:
        content = json.loads(text)
    except ValueError:
        return None
    for (rows, columns), (strengths, texts, about) in AXES.items():
        if isinstance(content, Mapping) and {rows, columns, strengths, texts} <= content.keys():
            cells = [
                [Cell(_shown(text), float(strength)) for text, strength in zip(*row, strict=True)]
                for row in zip(content[texts], content[strengths], strict=True)
            ]
            named = list(zip(map(str, content[rows]), cells, strict=True))
            return HeatTable(folder, about, step, str(content.get("split", "")), [*map(str, content[columns])], named)
    return None


def _shown(value: float) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
