"""Which checkpoint of a run is the best one by `train.keep_best`.

checkpoints/best.json has its step, and the value that was measured there.
"""

import json
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from gan_run.core.base.errors import NotFoundByName, RunError, reason_of
from gan_run.core.base.files import to_json, write_text
from gan_run.core.base.sealed_json import sealed, unsealed
from gan_run.core.kinds.metric import Measurement
from gan_run.core.kinds.spec import Spec
from gan_run.core.kinds.watched_number import WatchedNumber
from gan_run.core.run import checkpoint

FILE = "best.json"


class Best(NamedTuple):
    """The best value so far of a number of a metric, and the step at which it was measured."""

    metric: str
    number: str
    step: int
    value: float


class BestCheckpoint:
    """Follows the number that `train.keep_best` names, from the checkpoint that a run resumes from.

    Args:
        spec: The spec of the run.
        checkpoints: The folder of its checkpoints.
        step: The number of steps that the run has taken. A best checkpoint after it is forgotten.
    """

    def __init__(self, spec: Spec, checkpoints: Path, step: int) -> None:
        self._watched = spec.train.keep_best
        self._metrics = spec.metrics_by_key()
        self._checkpoints = checkpoints
        self._best = None if self._watched is None else self._read_until(step, self._watched)
        self.improved = False

    @property
    def steps(self) -> tuple[int, ...]:
        """The step of the best checkpoint, if there is one."""
        return () if self._best is None else (self._best.step,)

    def consider(self, step: int, key: str, found: Measurement) -> None:
        """Note what was measured. If it is the best so far, `improved` is True until `record` is called.

        Args:
            step: The number of steps taken.
            key: The metric, as `Spec.metrics_by_key` names it.
            found: What it found.
        """
        watched = self._watched
        if watched is None or watched.metric != key:
            return
        metric = self._metrics[key]
        try:
            value = watched.value(metric, found)
        except NotFoundByName as error:
            warnings.warn(f"step {step}: train.keep_best: {error}", stacklevel=2)
            return
        if self._best is None or metric.headline_of(watched.number).is_better(value, self._best.value):
            self._best, self.improved = Best(watched.metric, watched.number, step, value), True

    def record(self) -> None:
        """Write which checkpoint is the best. It must be complete on the disk."""
        if self.improved:
            assert self._best is not None
            write_text(self._checkpoints / FILE, to_json(sealed(self._best._asdict())))
            self.improved = False

    def _read_until(self, step: int, watched: WatchedNumber) -> Best | None:
        best = read(self._checkpoints)
        if best is None or (best.metric, best.number) != (watched.metric, watched.number) or best.step > step:
            return None
        return best


def read(checkpoints: Path) -> Best | None:
    """The best checkpoint of a run.

    Args:
        checkpoints: The folder of its checkpoints.

    Returns:
        None if there is no record, or its checkpoint is not there.

    Raises:
        RunError: The record cannot be read.
    """
    file = checkpoints / FILE
    if not file.exists():
        return None
    try:
        content: dict[str, Any] = unsealed(json.loads(file.read_text(encoding="utf-8")))
        best = Best(content["metric"], content["number"], int(content["step"]), float(content["value"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{file} cannot be read ({reason_of(error)}): delete it to follow train.keep_best anew"
        ) from None
    return best if any(saved.step == best.step for saved in checkpoint.complete(checkpoints)) else None
