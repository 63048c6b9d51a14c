"""What a logger has written of a run, kept in the run folder: a resumed run continues there.

runs/NAME/loggers/PLACE.json    {"run": "k3x9", "last": {"step": 400, "metric information": 200}}
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Self


class WrittenPoints:
    """The id of the run in the tool, and the last step that was written of each series of points.

    Attributes:
        run: The id; None before the run was begun.
    """

    def __init__(self, file: Path, run: str | None, last: Mapping[str, int]) -> None:
        self.run = run
        self._file = file
        self._last = dict(last)
        self._before = dict(last)

    @classmethod
    def read(cls, folder: Path, place: str) -> Self:
        """Read what was written before.

        Args:
            folder: The run folder.
            place: Where the tool keeps its runs.
        """
        file = folder / "loggers" / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', place)}.json"
        if not file.exists():
            return cls(file, None, {})
        content = json.loads(file.read_text(encoding="utf-8"))
        return cls(file, content["run"], content["last"])

    def begin(self, run: str | None) -> None:
        """Note the id of the run."""
        self.run = run
        self._save()

    def forget_after(self, step: int) -> None:
        """Let the points after `step` be written again."""
        self._before = {series: min(last, step) for series, last in self._before.items()}

    def has(self, series: str, step: int) -> bool:
        """Whether a point was written before the run was resumed. What this stretch writes does not count: a series
        may have several points at one step."""
        return step <= self._before.get(series, -1)

    def add(self, series: str, step: int) -> None:
        """Note that a point was written."""
        self._last[series] = step
        self._save()

    def _save(self) -> None:
        self._file.parent.mkdir(exist_ok=True)
        temporary = self._file.with_name(f".{self._file.name}.tmp")
        temporary.write_text(json.dumps({"run": self.run, "last": self._last}) + "\n", encoding="utf-8")
        temporary.replace(self._file)
