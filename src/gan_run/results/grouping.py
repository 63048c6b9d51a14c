"""Which runs differ in their seed alone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gan_run.core.base.errors import SpecError
from gan_run.core.run.same_run import content, differing_fields
from gan_run.results.naming import name_in_common
from gan_run.results.run import Run

SEED_AND_NAME = (("seed",), ("name",))
"""The fields in which runs of one experiment differ."""

Fields = Mapping[str, object]
"""The fields of a spec."""


@dataclass(frozen=True)
class RunGroup:
    """Runs that differ in their seed alone.

    Attributes:
        name: What the names of the runs have in common.
        runs: The names of the runs.
    """

    name: str
    runs: tuple[str, ...]


def spec_problem(run: Run) -> SpecError | None:
    """Why the spec of a run cannot be read by what is installed; None if it can be."""
    try:
        run.spec  # noqa: B018  # it is read when it is first asked for
    except SpecError as error:
        return error
    return None


def comparable_fields(runs: Mapping[str, Run]) -> dict[str, Fields]:
    """The fields of each run's spec. They are read by the components of today, which know the defaults of fields that
    an older version did not have; if one spec cannot be read so, all are compared as they are on the disk.
    """
    if any(spec_problem(run) for run in runs.values()):
        return {name: run.fields for name, run in runs.items()}
    return {name: content(run.spec) for name, run in runs.items()}


def grouped(runs: Mapping[str, Run], fields: Mapping[str, Fields]) -> tuple[RunGroup, ...]:
    """Put runs together whose specs give the same weights but for the seed, and whose data is the same."""
    found: list[list[str]] = []
    for name in runs:
        for group in found:
            if runs[name].data == runs[group[0]].data and _is_same(fields[name], fields[group[0]]):
                group.append(name)
                break
        else:
            found.append([name])
    names = [name_in_common(group) for group in found]
    taken = Counter(names)
    unique = [name if taken[name] == 1 else ", ".join(group) for name, group in zip(names, found, strict=True)]
    return tuple(RunGroup(name, tuple(group)) for name, group in zip(unique, found, strict=True))


def _is_same(fields: Fields, others: Fields) -> bool:
    return all(field.free or field.place in SEED_AND_NAME for field in differing_fields([fields, others]))
