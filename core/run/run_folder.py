"""One run on the disk.

runs/NAME/spec.json           as resolved, every default written out
          data.json           the data's shape, sizes, columns and pixel codec
          environment.json    versions and hardware, for each stretch of training between two interruptions
          metrics.jsonl       one line per logged step
          alarms.jsonl        one line per report of an alarm; see alarm_log.py
          evaluation.json     metrics of the finished model, with what they were measured on; written last
          evaluations/        what was measured after each step that was evaluated, later by `gan-run evaluate` too
          labels.json         names of codes and categories; see core/kinds/code_names.py
          plugins/            copies of plugins that are single files
          checkpoints/        see checkpoint.py
          samples/ …          what artifacts draw
"""

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from pydantic import ValidationError

from gan_run.core.base.errors import RunError, reason_of
from gan_run.core.base.files import to_json, write_text
from gan_run.core.base.sealed_json import sealed, unsealed
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.code_names import NO_CODE_NAMES, CodeNames
from gan_run.core.kinds.metric import Measurement
from gan_run.core.kinds.plain_errors import say_first
from gan_run.core.run import checkpoint, data_description
from gan_run.core.run.checkpoint import Checkpoint
from gan_run.core.run.records import knows_data, knows_spec
from gan_run.core.run.run_lock import NAME as LOCK
from gan_run.core.run.run_lock import RunLock
from gan_run.core.run.run_logs import LogFile

BEFORE_SPEC = frozenset(
    {
        *(LOCK, "plugins", "environment.json", "data.json"),
        *(".environment.json.tmp", ".data.json.tmp", ".spec.json.tmp"),
    }
)
"""The entries of a folder whose run was stopped before its first step."""


class RecordedResult(NamedTuple):
    """What a metric found, as a run has it on the disk."""

    metric: Mapping[str, object]
    """The metric's fields."""
    found: Measurement


class RunFolder:
    """The files of a run: where they are, reading and writing them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spec_file = path / "spec.json"
        self.metrics_file = path / "metrics.jsonl"
        self.alarms_file = path / "alarms.jsonl"
        self.data_file = path / "data.json"
        self.environment_file = path / "environment.json"
        self.evaluation_file = path / "evaluation.json"
        self.evaluations = path / "evaluations"
        self.labels_file = path / "labels.json"
        self.plugins = path / "plugins"
        self.checkpoints = path / "checkpoints"
        self._lock = RunLock(path)
        self._logs = LogFile(self.metrics_file), LogFile(self.alarms_file)

    def is_free(self) -> bool:
        """Whether a run may begin here: there is no folder, or none ever got as far as to write its spec."""
        try:
            entries = {entry.name for entry in self.path.iterdir()}
        except FileNotFoundError:
            return True
        except NotADirectoryError:
            return False
        return entries <= BEFORE_SPEC

    def write_spec(self, spec: Mapping[str, object]) -> None:
        write_text(self.spec_file, to_json(spec))

    def spec(self) -> dict[str, object]:
        """The resolved spec. Raises RunError if this is no run folder, or the file is not what was written."""
        content = self._read(self.spec_file)
        if not knows_spec(self._records(), content):
            raise RunError(
                f"{self.spec_file} is not what was written there: a run's spec decides its weights. Put it back; a "
                "copy of it elsewhere is a spec of a new run"
            )
        return content

    def keep_plugins(self, files: Iterable[Path]) -> None:
        """Copy plugin files into the run."""
        for file in files:
            self.plugins.mkdir(exist_ok=True)
            write_text(self.plugins / file.name, file.read_text(encoding="utf-8"))

    def changed_plugins(self, files: Iterable[Path]) -> list[Path]:
        """Those of `files` that differ from the copy in the run."""
        kept = {copy.name: copy.read_text(encoding="utf-8") for copy in self.plugin_files()}
        return [file for file in files if file.name in kept and kept[file.name] != file.read_text(encoding="utf-8")]

    def plugin_files(self) -> list[Path]:
        """The copies of plugin files that this run was trained with."""
        return sorted(self.plugins.glob("*.py"))

    def check_data(self, data: Mapping[str, object]) -> None:
        """Refuse data that is not what it was when the run began.

        Args:
            data: The description of the data (data_description.dump).

        Raises:
            RunError: It has changed, or data.json is damaged.
        """
        if not self.spec_file.exists() or not self.data_file.exists():
            return
        if changes := data_description.changes(self._data(), data):
            raise RunError(f"{self.path}: the data is not what it was when this run began: {'; '.join(changes)}")

    def write_data(self, data: Mapping[str, object]) -> None:
        """Record the description of the data, so that the model can be built without it."""
        write_text(self.data_file, to_json(data))

    def data_info(self) -> DataInfo:
        """What the data was when the run began. Raises RunError if data.json is damaged."""
        return data_description.read(self._data())

    def _data(self) -> dict[str, object]:
        """The content of data.json. Raises RunError if it is not what was written, or cannot be read."""
        content = self._read(self.data_file)
        if not knows_data(self._records(), content):
            raise RunError(f"{self.data_file} is not what was written there: put it back")
        try:
            data_description.read(content)
        except (KeyError, TypeError, ValueError) as error:
            reason = say_first(error) if isinstance(error, ValidationError) else reason_of(error)
            raise RunError(f"{self.data_file} cannot be read: {reason}") from None
        return content

    def _records(self) -> list[Mapping[str, object]]:
        """The digests of spec.json and data.json, of each stretch of training; none of earlier versions."""
        return [stretch["files"] for stretch in self.environment() if "files" in stretch]

    def latest(self) -> Checkpoint | None:
        """The last complete checkpoint, found by looking."""
        found = checkpoint.complete(self.checkpoints)
        return found[-1] if found else None

    def evaluated_at(self) -> int | None:
        """The step at which the run was evaluated; None while it is unfinished."""
        if not self.evaluation_file.exists():
            return None
        step = self._read(self.evaluation_file).get("step")
        return step if isinstance(step, int) else None

    def ended_early(self) -> bool:
        """Whether a callback ended the run before the last step of its spec."""
        return self.evaluation_file.exists() and self._read(self.evaluation_file).get("ended_early") is True

    def failed(self) -> list[dict[str, Any]]:
        """The metrics and artifacts that failed after the last step, each with its `place` in the spec and `error`."""
        found = self._read(self.evaluation_file).get("failed") if self.evaluation_file.exists() else None
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def measured(self) -> list[RecordedResult]:
        """What was measured after the last step: by the run itself, then by `gan-run evaluate` with other metrics.
        Raises RunError if the run is not finished."""
        own = self._results(self.evaluation_file)
        later = self.evaluations / f"step-{self.evaluated_at():08d}.json"
        if not later.exists():
            return own
        fields = [result.metric for result in own]
        return [*own, *(result for result in self._results(later) if result.metric not in fields)]

    def measured_at(self, step: int) -> list[RecordedResult]:
        """What was measured after so many steps: at the end, by `gan-run evaluate`, or on the way."""
        if step == self.evaluated_at():
            return self.measured()
        file = self.evaluations / f"step-{step:08d}.json"
        found = self._results(file) if file.exists() else []
        fields = [result.metric for result in found]
        lines = [line["metrics"] for line in self.logged() if line["step"] == step and "metrics" in line]
        on_the_way = [
            RecordedResult(each["metric"], each["found"]) for line in lines if isinstance(line, list) for each in line
        ]
        return [*found, *(result for result in on_the_way if result.metric not in fields)]

    def logged(self) -> Iterator[dict[str, object]]:
        """The lines of metrics.jsonl, one by one, without a last one that a kill cut short. Raises RunError if another
        one is damaged."""
        return self._logs[0].lines()

    def code_names(self) -> CodeNames:
        """The names given to codes by `gan-run label`. Raises RunError if the file cannot be read."""
        if not self.labels_file.exists():
            return NO_CODE_NAMES
        try:
            return CodeNames.model_validate(self._read(self.labels_file))
        except ValidationError as error:
            raise RunError(f"{self.labels_file} cannot be read: {say_first(error)}") from None

    def write_code_names(self, names: CodeNames) -> None:
        write_text(self.labels_file, to_json(names.model_dump(mode="json", exclude_defaults=True)))

    @contextmanager
    def locked(self, spec: Mapping[str, object] | None = None) -> Iterator[Self]:
        """Make the folder if need be, and keep other processes from training in it: see `RunLock.held`."""
        with self._lock.held(spec):
            yield self

    def check_in_place(self) -> None:
        """Refuse to write where the folder that was locked is no longer.

        Raises:
            RunError: It was moved or removed while the run trained.
        """
        if not self._lock.is_in_place():
            raise RunError(
                f"{self.path} was moved or removed while the run trained: put it back, and the same command resumes "
                "after its last checkpoint"
            )

    def append_metrics(self, line: Mapping[str, object]) -> None:
        """Add a line to metrics.jsonl, and make it readable at once."""
        self._logs[0].append(line)

    def append_alarm(self, line: Mapping[str, object]) -> None:
        """Add a line to alarms.jsonl, and make it readable at once."""
        self._logs[1].append(line)

    def alarms(self) -> list[dict[str, object]]:
        """The lines of alarms.jsonl, read as `logged` reads; none where no alarm watched the run."""
        return list(self._logs[1].lines())

    def ringing_alarms(self) -> dict[str, str]:
        """The alarms that rang at their last report, by name, each with what it said."""
        last = {str(line["alarm"]): line["message"] for line in self.alarms()}
        return {alarm: str(message) for alarm, message in last.items() if message is not None}

    def sync_logs(self) -> None:
        """Flush metrics.jsonl and alarms.jsonl to the disk."""
        for log in self._logs:
            log.sync()

    def line_count(self) -> int:
        """The number of lines of metrics.jsonl."""
        return self._logs[0].count()

    def warn_of_lost_lines(self) -> None:
        """Warn where metrics.jsonl has fewer lines than when the last checkpoint was written. Raises RunError if that
        one's manifest, or a line, is damaged."""
        latest = self.latest()
        if latest is None:
            return
        count = checkpoint.load_state(latest).lines
        left = sum(1 for line in self.logged() if isinstance(step := line["step"], int) and step <= latest.step)
        if left < count:
            warnings.warn(
                f"{self.metrics_file} has {left} of the {count} lines until step {latest.step}: the others are lost, "
                "and curves have gaps",
                stacklevel=2,
            )

    def cut_logs(self, step: int) -> None:
        """Drop the lines of metrics.jsonl and alarms.jsonl that a resumed run will write again: see `LogFile.cut`."""
        for log in self._logs:
            log.cut(step)

    def add_environment(self, environment: Mapping[str, object]) -> None:
        """Note what a stretch of training ran on, after those before it."""
        before = self.environment() if self.spec_file.exists() else []  # else of a run that never began
        write_text(self.environment_file, to_json(sealed({"stretches": [*before, environment]})))

    def environment(self) -> list[dict[str, Any]]:
        """What each stretch of training ran on; none before the first."""
        found = self._read(self.environment_file).get("stretches") if self.environment_file.exists() else None
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def processes(self) -> int | None:
        """How many trained its last stretch together; None before the first."""
        stretches = self.environment()
        return stretches[-1].get("processes", 1) if stretches else None

    def plugin_versions(self) -> dict[str, str]:
        """The plugins that were loaded in its last stretch: versions by distribution, or by the name of a file."""
        stretches = self.environment()
        return dict(stretches[-1].get("plugins", {})) if stretches else {}

    def add_evaluation(self, step: int, measured: Sequence[Mapping[str, object]]) -> Path:
        """Save what metrics found after `step` steps, in the place of what metrics with the same fields found before.

        Returns:
            The file.
        """
        file = self.evaluations / f"step-{step:08d}.json"
        before = self._read(file).get("metrics") if file.exists() else None
        fields = [each["metric"] for each in measured]
        others = [each for each in before if each["metric"] not in fields] if isinstance(before, list) else []
        self.evaluations.mkdir(exist_ok=True)
        write_text(file, to_json(sealed({"step": step, "metrics": [*others, *measured]})))
        return file

    def write_evaluation(self, evaluation: Mapping[str, object]) -> None:
        write_text(self.evaluation_file, to_json(sealed(evaluation)))

    def _results(self, file: Path) -> list[RecordedResult]:
        metrics = self._read(file).get("metrics")
        if not isinstance(metrics, list):
            raise RunError(f"{file} has no list of metrics")
        return [RecordedResult(each["metric"], each["found"]) for each in metrics]

    def _read(self, path: Path) -> dict[str, object]:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunError(f"{self.path} is no run folder: it has no {path.name}") from None
        except (OSError, ValueError) as error:
            raise RunError(f"{path} cannot be read: {reason_of(error)}") from None
        if not isinstance(content, dict):
            raise RunError(f"{path} is not a JSON object")
        try:
            return unsealed(content)
        except ValueError as error:
            raise RunError(f"{path} is damaged: {error}: put it back, or move it away") from None
