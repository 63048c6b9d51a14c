"""A run that went back to an earlier checkpoint, by `train.on_nan`."""

from typing import NamedTuple


class Rollback(NamedTuple):
    """One return to a checkpoint, since a loss or a weight was not finite."""

    number: int
    """Which one of the run it is, from 1: the random numbers of the steps that follow depend on it."""
    at: int
    """The step at which it was seen."""
    to: int
    """The step of the checkpoint."""
    what: str

    def line(self) -> dict[str, object]:
        """The line of metrics.jsonl: of the first step that is taken again, so that a run that resumes before it writes
        the line anew."""
        return {
            "step": self.to + 1,
            "rollback": {"number": self.number, "at": self.at, "to": self.to, "what": self.what},
        }
