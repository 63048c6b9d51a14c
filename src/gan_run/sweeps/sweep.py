"""A sweep: every point of a grid is trained, or the points that a search chooses; then the runs are compared."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gan_run.core.base.distributed import current_world
from gan_run.core.base.errors import GanRunError, Problem, SpecError
from gan_run.core.kinds.run_names import sweep_folder
from gan_run.core.run.options import DEFAULT_OPTIONS, Plugins, RunOptions
from gan_run.core.run.run_folder import RunFolder
from gan_run.many_runs import ManyRuns, default_jobs
from gan_run.registry.overrides import place_of, steps_of
from gan_run.registry.plugins import load_plugins
from gan_run.results.comparison import Comparison, compare
from gan_run.runs import SpecLike, read_spec
from gan_run.sweeps.axes import Axis, Interval, Over, read_axes
from gan_run.sweeps.objective import read_objective
from gan_run.sweeps.points import grid
from gan_run.sweeps.search import Search
from gan_run.sweeps.training import PointTraining


@dataclass(frozen=True)
class Sweep:
    """What has come of a sweep.

    Attributes:
        folder: The folder that holds its runs.
        runs: The run folders, by what varies: "weight-0.3-seed-2", of a search "trial-007-seed-2".
        failures: Why other runs failed.
        plugins: The plugins that the runs need.
        best: The runs of the best trial of a search; of a grid none.
    """

    folder: Path
    runs: Mapping[str, Path]
    failures: Mapping[str, Exception]
    plugins: Plugins
    best: tuple[Path, ...] = ()

    def compare(self) -> Comparison:
        """Compare the runs.

        Returns:
            As `gan_run.compare` does.

        Raises:
            GanRunError: All runs failed.
        """
        return compare(list(self.runs.values()), registry=self.plugins)


def sweep(
    spec: SpecLike,
    over: Over,
    out: Path | str = "runs",
    *,
    trials: int | None = None,
    maximise: str | None = None,
    minimise: str | None = None,
    jobs: int | None = None,
    overrides: Collection[str] = (),
    options: RunOptions = DEFAULT_OPTIONS,
) -> Sweep:
    """Train a spec with every combination of some fields' values, or with values that a search by optuna chooses. The
    same call goes on with a sweep that was interrupted; finished runs are not trained again.

    Args:
        spec: A file, a mapping or a spec, as for `read_spec`.
        over: Values by the field's place: `{"losses[1].weight": [0.1, 0.3], "seed": range(5)}`. A text is read as on
            the command line: "0.1,0.3", "0:5", and for a search "1e-4..1e-2:log".
        out: The runs are in `out/NAME-sweep`.
        trials: Search, with so many trials in all, of which each trains one run for each seed in `over`.
        maximise: Of a search, the number to improve, by its mean over the seeds: a metric of the spec and one of its
            headline numbers, "information:codes.c.bound". Without a number, the metric's first.
        minimise: The same, of a number that is better when it is lower.
        jobs: How many runs are trained at the same time; None for one per core on a CPU, else one. With more than one,
            each is trained in a process of its own.
        overrides: Fields to change in all runs, written as on the command line.
        options: As for `train`. `components` need `jobs=1`.

    Returns:
        The runs; those that failed have not ended the others.

    Raises:
        SpecError: A point is no valid spec, or does not fit its data. Nothing was trained.
        GanRunError: A field is in `over` and in `overrides`; a search has no number to improve, or its direction is the
            other one; optuna is not installed; or another process is at this sweep.
        Stopped: `options.stop` returned True. The runs that were training have saved a checkpoint.
        KeyboardInterrupt: The same on Ctrl-C, or by the stop button of a notebook.
    """
    if current_world().count > 1:
        raise GanRunError("a sweep trains each run in one process: start it without torchrun")
    chosen = _direction(trials, maximise, minimise)
    options = replace(options, registry=options.registry or load_plugins())
    read, axes = read_spec(spec, overrides, options.plugins(), components=options.components), read_axes(over)
    _refuse_set_twice(axes, overrides)
    folder = sweep_folder(Path(out), read.name)
    if RunFolder(folder).spec_file.exists():
        raise GanRunError(f"{folder} is a run, and the runs of this sweep would go there: choose another `out` or name")
    many = ManyRuns(spec, folder, jobs or default_jobs(read.train.device), options)
    training = PointTraining(many, tuple(overrides))
    if trials is None or chosen is None:
        points = grid(_only_values(axes))
        with RunFolder(folder).locked():
            return Sweep(folder, *training.train(points), many.plugins)
    direction, number = chosen
    search = Search(read, axes, read_objective(number, direction, read), training)
    with RunFolder(folder).locked():
        outcome, best = search.run(trials)
    chosen_runs = tuple(outcome.runs[name] for name in best if name in outcome.runs)
    return Sweep(folder, *outcome, many.plugins, chosen_runs)


def _direction(trials: int | None, maximise: str | None, minimise: str | None) -> tuple[str, str] | None:
    """The direction of a search and its number; None for a grid. Raises GanRunError."""
    chosen = [(way, text) for way, text in (("maximise", maximise), ("minimise", minimise)) if text is not None]
    if len(chosen) != (0 if trials is None else 1):
        raise GanRunError("a search has a number of trials, and either maximise or minimise names a number")
    return chosen[0] if chosen else None


def _refuse_set_twice(axes: Sequence[Axis | Interval], overrides: Collection[str]) -> None:
    varied = [steps_of(axis.place) for axis in axes]
    for override in overrides:
        if place_of(override) in varied:
            raise GanRunError(f"--set {override}: the field is varied too: it can be either")


def _only_values(axes: Sequence[Axis | Interval]) -> list[Axis]:
    """The axes of a grid. Raises SpecError for an interval."""
    if problems := [
        Problem((), f"{axis.place} is an interval, which has no points: give values, or search with trials")
        for axis in axes
        if isinstance(axis, Interval)
    ]:
        raise SpecError(problems, "over")
    return [axis for axis in axes if isinstance(axis, Axis)]
