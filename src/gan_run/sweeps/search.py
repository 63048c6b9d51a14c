"""A search for the values that improve a number, by optuna's tree-structured Parzen estimator (Bergstra et al. 2011).

The study is kept in the sweep's folder. A trial's random numbers depend on the seed of the spec and the trial's number
alone, so that a search which was interrupted goes on as if it had not been.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from gan_run.core.base.errors import GanRunError, SpecError
from gan_run.core.kinds.spec import Spec, dump
from gan_run.core.run.same_run import FREE_FIELDS, FREE_TRAIN_FIELDS
from gan_run.parallel_runs import Outcome
from gan_run.sweeps.axes import Axis, Interval
from gan_run.sweeps.objective import Objective
from gan_run.sweeps.points import Point, grid
from gan_run.sweeps.training import PointTraining

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

SEED = "seed"
"""The field whose values are no choice: each trial has all of them."""
FILE = "study.journal"
EXTRA = "optuna is not installed: a search needs the extra `sweep` (pip install 'gan-run[sweep]')"


@dataclass(frozen=True)
class Search:
    """A search.

    Attributes:
        spec: The spec, with the overrides of all runs.
        axes: What is varied. Values of `seed` are trained in every trial.
        objective: The number to improve, of which a trial's value is the mean over its seeds.
        training: How the runs are trained.
    """

    spec: Spec
    axes: Sequence[Axis | Interval]
    objective: Objective
    training: PointTraining

    def run(self, trials: int) -> tuple[Outcome, list[str]]:
        """Run trials until the study has so many.

        Returns:
            The runs of all trials that did not fail, the failures, and the names of the best trial's runs.

        Raises:
            GanRunError: optuna is not installed.
            SpecError: A value gives no valid spec. Nothing was trained.
            Stopped: Training was stopped. The trials that were begun go on when the search does.
        """
        study = self._study()
        self._check_values()
        points = {trial.number: self._points(trial) for trial in _in_state(study, "COMPLETE")}
        outcome = self.training.train([point for each in points.values() for point in each])
        while batch := self._next_trials(study, trials):
            begun = {trial.number: self._points(trial) for trial in batch}
            found = self._train(begun)
            outcome.runs.update(found.runs)
            outcome.failures.update(found.failures)
            for number, own in begun.items():
                self._tell(study, number, own, outcome)
            points.update(begun)
        complete = _in_state(study, "COMPLETE")
        best = [point.name for point in points[study.best_trial.number]] if complete else []
        return outcome, best

    def _check_values(self) -> None:
        """Check each value and both ends of each interval, with the first of the other fields."""
        first = {axis.place: _extremes(axis)[0] for axis in self.axes}
        for axis in self.axes:
            for value in _extremes(axis):
                self.training.check(Point("check", {**first, axis.place: value}))

    def _train(self, trials: Mapping[int, Sequence[Point]]) -> Outcome:
        """Train the trials whose values go together."""
        fitting: list[Point] = []
        unfitting: dict[str, Exception] = {}
        for number, points in trials.items():
            try:
                for point in points:
                    self.training.check(point)
                fitting += points
            except SpecError as error:
                unfitting[_name(number)] = error
        outcome = self.training.train(fitting)
        return Outcome(outcome.runs, {**unfitting, **outcome.failures})

    def _next_trials(self, study: "Study", trials: int) -> list["FrozenTrial"]:
        """Those that were begun, and new ones: as many as are trained at the same time."""
        from optuna.trial import TrialState

        for trial in _in_state(study, "RUNNING"):
            if trial.params.keys() != self._space().keys():  # a kill came between its beginning and its values
                study.tell(trial.number, state=TrialState.FAIL)
        begun = _in_state(study, "RUNNING")
        at_once = max(1, self.training.runs.jobs // len(grid(self._seeds())))
        for number in range(len(study.trials), trials):
            if len(begun) >= at_once:
                break
            self._ask(study, number)
            begun = _in_state(study, "RUNNING")
        return begun

    def _tell(self, study: "Study", number: int, points: Sequence[Point], outcome: Outcome) -> None:
        """Give a trial its value, or say that it failed."""
        from optuna.trial import TrialState

        runs = [outcome.runs[point.name] for point in points if point.name in outcome.runs]
        value = None
        if len(runs) == len(points):
            try:
                value = self.objective.mean(runs, self.training.runs.plugins)
            except GanRunError as error:  # the number was not finite
                outcome.failures[_name(number)] = error
        study.tell(number, value, state=TrialState.FAIL if value is None else TrialState.COMPLETE)

    def _study(self) -> "Study":
        try:
            import optuna
            from optuna.storages import JournalStorage
            from optuna.storages.journal import JournalFileBackend
            from optuna.study import StudyDirection
        except ImportError:
            raise GanRunError(EXTRA) from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        if not self._space():
            raise GanRunError("a search needs a field to choose a value of, other than seed")
        if any(axis.place == SEED and isinstance(axis, Interval) for axis in self.axes):
            raise GanRunError("seed is not searched: give the seeds that every trial has, as in seed=0:3")
        file, better = self.training.runs.out / FILE, self.objective.headline.better
        _drop_cut_line(file)
        return optuna.create_study(
            study_name=self._identity(),
            storage=JournalStorage(JournalFileBackend(str(file))),
            direction=StudyDirection.MAXIMIZE if better == "higher" else StudyDirection.MINIMIZE,
            load_if_exists=True,
        )

    def _ask(self, study: "Study", number: int) -> None:
        from optuna.samplers import TPESampler

        digest = sha256(f"{self.spec.seed} trial {number}".encode()).digest()
        study.sampler = TPESampler(seed=int.from_bytes(digest[:4], "big"))
        study.ask(fixed_distributions=self._space())

    def _space(self) -> dict[str, "BaseDistribution"]:
        return {axis.place: _distribution(axis) for axis in self.axes if axis.place != SEED}

    def _points(self, trial: "FrozenTrial") -> list[Point]:
        """The runs of a trial, one for each seed."""
        chosen = {place: _value(value) for place, value in trial.params.items()}
        seeds = grid(self._seeds(), _name(trial.number))
        return [Point(point.name, {**chosen, **point.values}) for point in seeds]

    def _seeds(self) -> list[Axis]:
        return [axis for axis in self.axes if axis.place == SEED and isinstance(axis, Axis)]

    def _identity(self) -> str:
        """What makes it another search: another objective, other values, or a spec with other weights."""
        content = {field: value for field, value in dump(self.spec).items() if field not in (*FREE_FIELDS, "name")}
        train = content["train"]
        assert isinstance(train, dict)
        content["train"] = {field: value for field, value in train.items() if field not in FREE_TRAIN_FIELDS}
        axes = sorted(map(str, self.axes))
        whole = json.dumps([content, axes, str(self.objective)], sort_keys=True)
        return f"{self.objective.direction} {self.objective} {sha256(whole.encode()).hexdigest()[:8]}"


def _in_state(study: "Study", state: str) -> list["FrozenTrial"]:
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == state]


def _drop_cut_line(file: Path) -> None:
    """Drop a last line that a kill cut short: optuna would write the next one after it."""
    if file.exists() and not (content := file.read_bytes()).endswith(b"\n"):
        file.write_bytes(content[: content.rfind(b"\n") + 1])


def _name(number: int) -> str:
    return f"trial-{number:03d}"


def _distribution(axis: Axis | Interval) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(axis, Axis):
        values = axis.values
        if isinstance(values, range):
            return IntDistribution(values[0], values[-1])
        return CategoricalDistribution([json.dumps(value) for value in values])
    if isinstance(axis.low, int) and isinstance(axis.high, int):
        return IntDistribution(axis.low, axis.high, log=axis.log)
    return FloatDistribution(axis.low, axis.high, log=axis.log)


def _extremes(axis: Axis | Interval) -> Sequence[object]:
    return axis.values if isinstance(axis, Axis) else (axis.low, axis.high)


def _value(chosen: object) -> object:
    """A number, or a value of a list, which a study has as JSON."""
    return json.loads(chosen) if isinstance(chosen, str) else chosen
