"""Choose one of several runs without labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gan_run.core.base.errors import GanRunError, Problem, RunError, SpecError
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.component import numbered_by_type
from gan_run.core.kinds.criterion import Criterion
from gan_run.core.kinds.data_source import Splits
from gan_run.core.run.options import Plugins
from gan_run.core.run.selection import Ranking, rank
from gan_run.registry.plugins import load_plugins
from gan_run.registry.spec_loading import read_component
from gan_run.runs import CheckpointName, LoadedRun, load_run

CriterionLike = Criterion | str | Mapping[str, object]
"""A criterion, its type, or its JSON object."""

FEWEST = 3
"""Of two runs neither agrees better with the others than the other."""


@dataclass(frozen=True)
class Selection:
    """Runs, ranked by how well they agree with each other.

    Attributes:
        runs: The run folders, as given.
        rankings: A ranking for each criterion, by its type; the first decides.
    """

    runs: tuple[Path, ...]
    rankings: Mapping[str, Ranking]

    @property
    def chosen(self) -> Path:
        """The best run by the first criterion."""
        return self.runs[next(iter(self.rankings.values())).order[0]]


def select(
    runs: Sequence[Path | str],
    criteria: Sequence[CriterionLike] = (),
    *,
    checkpoint: CheckpointName = "last",
    registry: Plugins | None = None,
    seed: int = 0,
) -> Selection:
    """Rank runs of one experiment without labels, by how well the codes of each agree with those of the others.

    Args:
        runs: Run folders, at least three. Their data must be the same; their recipes may differ.
        criteria: Criteria, their types, or their JSON objects; the first decides. None given: all that are installed
            and fit the runs.
        checkpoint: Which checkpoint of each run, as for `load`.
        registry: The installed plugins; None loads all that are installed.
        seed: Seed of the random numbers that criteria draw.

    Returns:
        The ranking by each criterion.

    Raises:
        GanRunError: There are less than three runs, or no criterion fits them.
        RunError: The runs' data differ, or a run cannot be loaded.
        SpecError: A criterion does not exist, has wrong fields or does not fit a run.
    """
    registry = registry or load_plugins()
    if len({Path(run).resolve() for run in runs}) < max(len(runs), FEWEST):
        raise GanRunError(f"a selection needs {FEWEST} runs or more, each given once")
    loaded = [load_run(run, registry, checkpoint) for run in runs]
    _refuse_other_data(loaded)
    chosen = [_read(criterion, registry) for criterion in criteria] or _fitting(loaded, registry)
    for criterion in chosen:
        for run in loaded:
            if problems := problems_of(criterion, run):
                raise SpecError([problem.within(criterion.name()) for problem in problems], str(run.folder.path))
    data, models = Splits(loaded[0].spec.data), [run.model for run in loaded]
    rankings = {}
    for key, criterion in numbered_by_type(chosen).items():
        with isolated_rng("select", seed, key):
            rankings[key] = rank(criterion.agreement(models, data), criterion.score)
    return Selection(tuple(Path(run) for run in runs), rankings)


def problems_of(criterion: Criterion, run: LoadedRun) -> list[Problem]:
    """Why a criterion does not fit a run; empty if it does."""
    found = list(criterion.check(run.spec))
    return found or list(criterion.check_data(run.spec, run.folder.data_info()))


def _read(criterion: CriterionLike, registry: Plugins) -> Criterion:
    if isinstance(criterion, Criterion):
        return criterion
    content = {"type": criterion} if isinstance(criterion, str) else criterion
    read = read_component(Criterion, content, registry.catalogue, "criteria")  # type: ignore[type-abstract]  # a kind
    assert isinstance(read, Criterion)
    return read


def _fitting(loaded: Sequence[LoadedRun], registry: Plugins) -> list[Criterion]:
    """All criteria that need no fields and fit every run."""
    found: list[Criterion] = []
    reasons: list[str] = []
    for name in registry.catalogue.names(Criterion.kind):
        component = registry.catalogue.find(Criterion.kind, name)
        try:
            criterion = component()
        except ValidationError:  # it has a field without a default
            continue
        assert isinstance(criterion, Criterion)
        problems = [problem for run in loaded for problem in problems_of(criterion, run)]
        if problems:
            reasons.append(f"{name}: {problems[0]}")
        else:
            found.append(criterion)
    if not found:
        raise GanRunError(f"no criterion fits these runs: {'; '.join(reasons) or 'none is installed'}")
    return found


def _refuse_other_data(loaded: Sequence[LoadedRun]) -> None:
    first = loaded[0].folder
    for run in loaded[1:]:
        if run.folder.data_info() != first.data_info():
            raise RunError(f"{run.folder.path} and {first.path} were trained on different data")
