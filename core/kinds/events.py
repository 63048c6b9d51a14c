"""The events of a run.

A new event is a dataclass here, a method of `Callback` (callback.py) and a hook in registry/hookspecs.py, all of one
name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from gan_run.core.kinds.artifact import Artifact
from gan_run.core.kinds.diagnostics import Diagnostics
from gan_run.core.kinds.metric import Measurement, Metric
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.run_names import group_of

if TYPE_CHECKING:  # a spec holds callbacks
    from gan_run.core.kinds.spec import Spec


PICTURES = (".png", ".jpg", ".jpeg", ".webp")
"""Suffixes of files that are pictures of one frame."""


class ReportAlarm(Protocol):
    """Says what an alarm has found; a line of alarms.jsonl."""

    def __call__(self, alarm: str, message: str | None, readings: Mapping[str, float]) -> None:
        """Report one alarm. `alarm_raised` is sent when it begins to ring: it was quiet in its report before.

        Args:
            alarm: Its name, such as "collapse".
            message: One sentence that says what was seen and what to try, while it rings; None while it is quiet.
            readings: What it has measured, by name.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a run.

    Attributes:
        name: The method of `Callback` that receives the event; the hook of a plugin is `gan_run_` and this name.
        folder: The run folder.
        step: How many steps the run has taken.
        steps: The number of steps of the whole run.
        model: Returns the model after `step` steps. It is built at the first call, once for all callbacks, and only
            while the event is handled: later, GanRunError is raised. It draws nothing from the caller's random stream.
        end_training: Asks for an early end: after this step (after the next one, if the event is about a checkpoint) a
            checkpoint is saved, and the run is evaluated and finished.
        report_alarm: Says what an alarm has found at this step.
    """

    name: ClassVar[str]
    folder: Path
    step: int
    steps: int
    model: Callable[[], Model]
    end_training: Callable[[], None]
    report_alarm: ReportAlarm


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """Training begins, or is resumed after `step` steps.

    Attributes:
        spec: The spec as it is trained, without any `auto`.
    """

    name: ClassVar[str] = "run_started"
    spec: "Spec"

    @property
    def group(self) -> str:
        """What this run and those that belong to it are called together: the name of the sweep's folder, or else the
        spec's name, without the seed that `--seeds` appends."""
        return group_of(self.folder.absolute(), self.spec.name, self.spec.seed)


@dataclass(frozen=True, kw_only=True)
class StepLogged(Event):
    """A line was added to metrics.jsonl.

    Attributes:
        losses: The latest value of each loss and report since the line before, by name: `PLAYER/LOSS` or
            `PLAYER/LOSS/REPORT`.
        controls: What controlled the step, by name: `PLAYER/lr`, each other schedule by its place in the spec (such as
            `losses[1].weight`), and `discriminator/augment/AUGMENTATION/REPORT`.
        images_per_second: Real images per second since the line before.
        steps_per_second: Steps per second since the line before.
        diagnostics: Returns what the step shows beyond its losses. It is computed at the first call, once for all
            callbacks, and only while the event is handled: later, GanRunError is raised.
    """

    name: ClassVar[str] = "step_logged"
    losses: Mapping[str, float]
    controls: Mapping[str, float]
    images_per_second: float
    steps_per_second: float
    diagnostics: Callable[[], Diagnostics]

    @property
    def scalars(self) -> Mapping[str, float]:
        """All numbers of the line by name: `controls` and `losses`."""
        return {**self.controls, **self.losses}


@dataclass(frozen=True, kw_only=True)
class AlarmRaised(Event):
    """An alarm has begun to ring (`Event.report_alarm`). It is sent again only if the alarm was quiet in between.

    Attributes:
        alarm: Its name.
        message: What was seen, and what to try.
        readings: What it has measured, by name.
    """

    name: ClassVar[str] = "alarm_raised"
    alarm: str
    message: str
    readings: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class MetricMeasured(Event):
    """A metric was measured, on the way (`Metric.every`) or at the end, where `step` equals `steps`.

    Attributes:
        metric: The metric, as the spec declares it.
        index: Its place in the spec's `metrics`.
        key: Its name among them: its type; of a second metric of one type TYPE-again-1.
        found: What it measured.
    """

    name: ClassVar[str] = "metric_measured"
    metric: Metric
    index: int
    key: str
    found: Measurement

    @property
    def headline(self) -> Mapping[str, float]:
        """The numbers in `found` by which runs are compared, by dotted path; see `Metric.headline`."""
        return self.metric.headline(self.found)

    @property
    def scalars(self) -> Mapping[str, float]:
        """The headline numbers by the names that a logger gives them: `KEY/SPLIT/NUMBER`, or `KEY/NUMBER` of a metric
        that is measured on no split."""
        split = self.metric.measured_on(self.found).get("split")
        place = f"{self.key}/{split}" if split else self.key
        return {f"{place}/{path}": value for path, value in self.headline.items()}


@dataclass(frozen=True, kw_only=True)
class ArtifactRendered(Event):
    """An artifact was rendered, on the way (`Artifact.every`) or at the end, where `step` equals `steps`.

    Attributes:
        artifact: The artifact, as the spec declares it.
        index: Its place in the spec's `artifacts`.
        files: The files that it wrote.
    """

    name: ClassVar[str] = "artifact_rendered"
    artifact: Artifact
    index: int
    files: tuple[Path, ...]

    @property
    def pictures(self) -> Mapping[str, Path]:
        """The pictures among `files`, by names that are the same at every step: `FOLDER`, or `FOLDER/NAME` where the
        artifact draws several."""
        named = {}
        for file in self.files:
            if file.suffix in PICTURES:
                rest = file.stem.removeprefix(f"step-{self.step:08d}").lstrip("-")
                place = file.parent.relative_to(self.folder).as_posix()
                named[f"{place}/{rest}" if rest else place] = file
        return named


@dataclass(frozen=True, kw_only=True)
class CheckpointSaved(Event):
    """A checkpoint is complete on the disk.

    Attributes:
        checkpoint: The checkpoint's folder.
    """

    name: ClassVar[str] = "checkpoint_saved"
    checkpoint: Path


@dataclass(frozen=True, kw_only=True)
class RunEnded(Event):
    """Training has stopped.

    Attributes:
        error: None if the run is finished and evaluated, otherwise what ended it (`Stopped` after a request to stop).
    """

    name: ClassVar[str] = "run_ended"
    error: BaseException | None
