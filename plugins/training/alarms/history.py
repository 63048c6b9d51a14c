"""What an alarm has measured so far, by which alone it rings."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Reading(NamedTuple):
    """What was measured after one step."""

    step: int
    """Number of steps taken."""
    values: Mapping[str, float]
    """Finite numbers by name."""


@dataclass
class History:
    """All readings of one alarm.

    Attributes:
        steps: Number of steps of the whole run.
        readings: In the order of their steps.
    """

    steps: int
    readings: list[Reading] = field(default_factory=list)

    @property
    def last(self) -> Reading:
        """The latest reading."""
        return self.readings[-1]

    def column(self, name: str) -> list[float]:
        """One number of every reading."""
        return [reading.values[name] for reading in self.readings]


class Report(NamedTuple):
    """A line of alarms.jsonl."""

    alarm: str
    reading: Reading
    message: str | None


def read_reports(folder: Path) -> Iterator[Report]:
    """The reports of the alarms of a run, in the order in which they were made.

    Args:
        folder: The run folder.
    """
    file = folder / "alarms.jsonl"
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        fields = json.loads(line)
        yield Report(fields["alarm"], Reading(fields["step"], fields["readings"]), fields["message"])
