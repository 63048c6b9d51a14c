"""A trained run: its spec, what its metrics found, what it logged, its model."""

import math
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.code_names import CodeNames
from gan_run.core.kinds.init_from import CheckpointName
from gan_run.core.kinds.metric import Headline
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.best import read as read_best
from gan_run.core.run.metric_summary import Result, summarize
from gan_run.core.run.options import Plugins
from gan_run.core.run.run_folder import RunFolder
from gan_run.loading import Components, load, recorded_spec
from gan_run.registry.plugins import load_plugins
from gan_run.report.callback import REPORT
from gan_run.results.history import History, read_history
from gan_run.results.pictures import Picture, drawn_pictures
from gan_run.results.reading import ReadResults, read_results

if TYPE_CHECKING:
    from pandas import DataFrame


class HeadlineNumber(float):
    """A headline number of a metric: a float that knows its direction.

    Attributes:
        headline: Which of two values is better, its unit, and how it is printed.
        fingerprint: What it was measured with (`Metric.fingerprint`). Numbers that differ in it do not compare.
    """

    headline: Headline
    fingerprint: str

    def __new__(cls, value: float, headline: Headline, fingerprint: str = "") -> Self:
        number = super().__new__(cls, value)
        number.headline, number.fingerprint = headline, fingerprint
        return number


class Run:
    """A run folder, finished or not. Everything is read from the disk when it is first asked for.

    Args:
        path: The run folder, as `train` returns it.
        registry: The installed plugins; None loads all that are installed.
        components: Component classes that no plugin provides.

    Attributes:
        path: The run folder.
        plugins: The installed plugins, and the classes in `components`.

    Raises:
        RunError: The folder is no run.

    Example:
        run = gan_run.Run(gan_run.train("spec.json"))
        run.metrics["cluster-accuracy accuracy"]  # 0.93
        run.history["generator/non-saturating"]
    """

    def __init__(self, path: Path | str, *, registry: Plugins | None = None, components: Components = ()) -> None:
        self.path = Path(path)
        self._folder = RunFolder(self.path)
        self._folder.spec()  # no run folder is without one
        plugins = registry or load_plugins()
        self.plugins = plugins.with_components(components) if components else plugins

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @cached_property
    def spec(self) -> Spec:
        """The spec, with every default filled in. A metric, artifact, callback, data source, optimizer or schedule that
        is not installed is a placeholder.

        Raises:
            SpecError: A latent, network or loss of the run is not installed.
        """
        return recorded_spec(self._folder, self.plugins)

    @cached_property
    def fields(self) -> Mapping[str, object]:
        """The spec as JSON, for which nothing needs to be installed."""
        return self._folder.spec()

    @cached_property
    def data(self) -> DataInfo:
        """The description of the dataset, from when the run began."""
        return self._folder.data_info()

    @property
    def is_finished(self) -> bool:
        """Whether it has come to its end and was evaluated."""
        return self._folder.evaluated_at() is not None

    @property
    def step(self) -> int:
        """The number of steps that it has taken, as far as a checkpoint or a line of the log says."""
        if (step := self._folder.evaluated_at()) is not None:
            return step
        latest = self._folder.latest()
        return max(0 if latest is None else latest.step, *self.logged.numbers, 0)

    @property
    def best_step(self) -> int | None:
        """The number of steps of its best checkpoint, by `train.keep_best`; None where none is kept."""
        best = read_best(self._folder.checkpoints)
        return None if best is None else best.step

    @cached_property
    def alarms(self) -> dict[str, str]:
        """The alarms that rang at their last check, by name, each with what it says."""
        return self._folder.ringing_alarms()

    @cached_property
    def alarm_reports(self) -> Sequence[Mapping[str, Any]]:
        """The lines of alarms.jsonl: `step`, `alarm`, `message` (None while the alarm is quiet) and `readings`."""
        return self._folder.alarms()

    @cached_property
    def environment(self) -> Sequence[Mapping[str, Any]]:
        """Versions and machine, for each stretch of training between two interruptions."""
        return self._folder.environment()

    @property
    def ancestry(self) -> list[Mapping[str, Any]]:
        """The runs that it was begun from by `train.init_from`, the nearest first: `run`, a path; `step`; the `sha256`
        of its weights; and what was `taken`."""
        found = []
        nearest = next((each["init_from"] for each in self.environment if "init_from" in each), None)
        while nearest is not None:
            found.append(nearest)
            nearest = nearest.get("init_from")
        return found

    @cached_property
    def code_names(self) -> CodeNames:
        """The names that `gan-run label` gave to codes and categories."""
        return self._folder.code_names()

    @property
    def pictures(self) -> list[Picture]:
        """The pictures that artifacts have drawn, by folder and name, then by step."""
        return drawn_pictures(self.path)

    @property
    def results(self) -> list[Result]:
        """The metrics, each with what it found after the last step: at the end of training, or by `gan-run evaluate`
        later. None while the run is unfinished."""
        return self._read.results

    @property
    def failed(self) -> Sequence[Mapping[str, Any]]:
        """The metrics and artifacts that failed after the last step: each with its `place` in the spec and `error`."""
        return self._folder.failed()

    @property
    def left_out(self) -> list[str]:
        """Why the results of some metrics are not in `results`: they are not installed here."""
        return self._read.left_out

    @property
    def metrics(self) -> dict[str, HeadlineNumber]:
        """The headline numbers after the last step, by the metric's name and the number's, as in
        "cluster-accuracy accuracy". Where metrics of one type differ in fields, their names have these fields. There is
        a warning for each metric that is not installed."""
        for reason in self.left_out:
            warnings.warn(f"{self.path}: {reason}: its numbers are left out", stacklevel=2)
        return {
            row.title: HeadlineNumber(row.mean, row.headline, row.fingerprint) for row in summarize({0: self.results})
        }

    @property
    def history(self) -> "DataFrame | dict[str, list[float]]":
        """What was logged: a column for `step`, and one for each number by its name in metrics.jsonl; the headline
        numbers of metrics with an `every` are called as in `metrics`. A number that a step has not is NaN.

        It is a pandas DataFrame where pandas is installed, else a dict of lists of equal length; both are indexed by
        the name of a column.
        """
        columns = as_columns(self.logged)
        try:
            from pandas import DataFrame
        except ImportError:
            return columns
        return DataFrame(columns)

    @cached_property
    def logged(self) -> History:
        """What was logged, as it is on the disk."""
        return read_history(self._folder, self.plugins.catalogue)

    def model(self, checkpoint: CheckpointName = "last") -> Model:
        """Load the model.

        Args:
            checkpoint: "last"; "best" by `train.keep_best`; or the number of steps after which it was saved.

        Returns:
            The model in evaluation mode, on cuda where there is one, else on the CPU.

        Raises:
            RunError: There is no such checkpoint, or it is damaged.
            SpecError: A latent, network or loss of the run is not installed.
        """
        return load(self.path, registry=self.plugins, checkpoint=checkpoint)

    @property
    def report_file(self) -> Path:
        """Where the report is that training writes at its end."""
        return self.path / REPORT

    def report(self, out: Path | str | None = None) -> Path:
        """Write the report: one HTML file that needs no network.

        Args:
            out: The file; by default report.html in the run folder.

        Returns:
            The file.

        Raises:
            RunError: A file of the run cannot be read.
            DataError: The file cannot be written.
        """
        from gan_run.report.page import write_report

        return write_report(self, self.report_file if out is None else Path(out))

    def _repr_html_(self) -> str:
        """A card for notebooks: the numbers, the last samples, a strip of each code."""
        from gan_run.report.card import card

        return card(self)

    @cached_property
    def _read(self) -> ReadResults:
        return read_results(self._folder.measured() if self.is_finished else [], self.plugins.catalogue)


def as_columns(history: History) -> dict[str, list[float]]:
    """A list for each number, with a value for each step, NaN where there is none."""
    steps = sorted({*history.numbers, *history.measured})
    names = dict.fromkeys(name for step in steps for name in history.numbers.get(step, {}))
    logged = {name: [history.numbers.get(step, {}).get(name, math.nan) for step in steps] for name in names}
    rows = summarize({step: history.measured.get(step, []) for step in steps})
    measured = {row.title: [row.values.get(step, math.nan) for step in steps] for row in rows}
    return {"step": [*steps], **logged, **measured}
