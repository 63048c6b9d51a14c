"""Choose one of several runs without labels."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gan_run.core.base.errors import GanRunError, Problem, RunError, SpecError
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.component import numbered_by_type
from gan_run.core.kinds.criterion import Criterion
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.init_from import CheckpointName
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.options import Plugins
from gan_run.core.run.selection import FEWEST, Ranking, rank
from gan_run.loading import LoadedRun, load_run
from gan_run.registry.plugins import load_plugins
from gan_run.registry.spec_loading import read_component
from gan_run.results.naming import RunLike, opened_runs
from gan_run.results.remarks import remarks_on_training

CriterionLike = Criterion | str | Mapping[str, object]
"""A criterion, its type, or its JSON object."""


@dataclass(frozen=True)
class Selection:
    """Runs, ranked by how well they agree with each other.

    Attributes:
        runs: The run folders.
        rankings: A ranking for each criterion, by its type; the first decides.
        notes: What a reader should know: runs that are unfinished, alarms that ring.
    """

    runs: tuple[Path, ...]
    rankings: Mapping[str, Ranking]
    notes: tuple[str, ...] = ()

    @property
    def chosen(self) -> Path:
        """The best run by the first criterion."""
        return self.runs[next(iter(self.rankings.values())).order[0]]


def select(
    runs: Sequence[RunLike] | RunLike,
    criteria: Sequence[CriterionLike] | str = (),
    *,
    checkpoint: CheckpointName = "last",
    registry: Plugins | None = None,
    seed: int = 0,
    moved: Collection[str] = (),
) -> Selection:
    """Rank runs of one experiment without labels, by how well the codes of each agree with those of the others.

    Args:
        runs: Run folders, or folders that hold them; at least three runs. One that is given twice counts once. Their
            data must be the same; their recipes may differ.
        criteria: Criteria, their types, or their JSON objects; the first decides. None given: all that are installed
            and fit the runs.
        checkpoint: Which checkpoint of each run, as for `load`.
        registry: The installed plugins; None loads all that are installed.
        seed: Seed of the random numbers that criteria draw.
        moved: Where the data is now: `"data.root=FOLDER"`.

    Returns:
        The ranking by each criterion.

    Raises:
        GanRunError: There are less than three runs, or no criterion fits them.
        RunError: The runs' data differ, or a run cannot be loaded.
        SpecError: A criterion does not exist, has wrong fields or does not fit a run.
    """
    registry = registry or load_plugins()
    opened = opened_runs(runs, registry)
    if len(opened) < FEWEST:
        raise GanRunError(f"a selection needs {FEWEST} runs or more, and these are {len(opened)}")
    loaded = [load_run(run.path, registry, checkpoint, uses_names=False, moved=moved) for run in opened]
    info = _data_in_common(loaded)
    wanted = [criteria] if isinstance(criteria, str) else criteria
    chosen = [_read(criterion, registry) for criterion in wanted]
    for criterion in chosen:
        for run in loaded:
            if problems := problems_of(criterion, run.spec, info):
                raise SpecError([problem.within(criterion.name()) for problem in problems], str(run.folder.path))
    chosen = chosen or _fitting(loaded, info, registry)
    data, models = Splits(loaded[0].spec.data), [run.model for run in loaded]
    rankings = {}
    for key, criterion in numbered_by_type(chosen).items():
        with isolated_rng("select", seed, key):
            rankings[key] = rank(criterion.agreement(models, data), criterion.score)
    notes = [note for run in opened for note in remarks_on_training(str(run.path), run)]
    return Selection(tuple(run.path for run in opened), rankings, tuple(notes))


def refuse_unselectable(spec: Spec, registry: Plugins) -> None:
    """Refuse a spec whose runs no criterion could rank, before they are trained.

    Args:
        spec: The spec.
        registry: The installed plugins.

    Raises:
        GanRunError: No criterion that is installed fits the spec.
    """
    data = spec.data.describe()
    if spec.data_problems(data):
        return  # training says what is wrong with it
    problems = {each.name(): problems_of(each, spec, data) for each in _without_fields(registry)}
    if all(problems.values()):
        raise _none_fits({name: str(found[0]) for name, found in problems.items()})


def problems_of(criterion: Criterion, spec: Spec, data: DataInfo) -> list[Problem]:
    """Why a criterion does not fit runs of a spec; empty if it does."""
    return list(criterion.check(spec)) or list(criterion.check_data(spec, data))


def _read(criterion: CriterionLike, registry: Plugins) -> Criterion:
    if isinstance(criterion, Criterion):
        return criterion
    content = {"type": criterion} if isinstance(criterion, str) else criterion
    read = read_component(Criterion, content, registry.catalogue, "criteria")  # type: ignore[type-abstract]  # a kind
    assert isinstance(read, Criterion)
    return read


def _fitting(loaded: Sequence[LoadedRun], info: DataInfo, registry: Plugins) -> list[Criterion]:
    """All criteria that need no fields and fit every run."""
    found: list[Criterion] = []
    reasons: dict[str, str] = {}
    for criterion in _without_fields(registry):
        found_in = [(run.folder.path, problems_of(criterion, run.spec, info)) for run in loaded]
        unfit = [f"{path}: {problems[0]}" for path, problems in found_in if problems]
        if unfit:
            reasons[criterion.name()] = unfit[0]
        else:
            found.append(criterion)
    if not found:
        raise _none_fits(reasons)
    return found


def _without_fields(registry: Plugins) -> Iterator[Criterion]:
    """All criteria that need no fields."""
    for name in registry.catalogue.names(Criterion.kind):
        try:
            criterion = registry.catalogue.find(Criterion.kind, name)()
        except ValidationError:  # it has a field without a default
            continue
        assert isinstance(criterion, Criterion)
        yield criterion


def _none_fits(reasons: Mapping[str, str]) -> GanRunError:
    each = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    return GanRunError(f"no criterion fits these runs: {each or 'none is installed'}")


def _data_in_common(loaded: Sequence[LoadedRun]) -> DataInfo:
    """The description of the data of all runs. Raises RunError if they differ."""
    first, *others = (run.folder for run in loaded)
    info = first.data_info()
    for folder in others:
        if folder.data_info() != info:
            raise RunError(f"{folder.path} and {first.path} were trained on different data")
    return info
