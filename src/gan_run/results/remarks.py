"""What the reader of a comparison should know, in plain sentences."""

from collections.abc import Iterator, Mapping, Sequence

from gan_run.results.grouping import RunGroup, spec_problem
from gan_run.results.run import Run


def remarks(runs: Mapping[str, Run], groups: Sequence[RunGroup]) -> Iterator[str]:
    """Say what is not as one would expect of runs that are compared."""
    for name, run in runs.items():
        yield from _of_run(name, run)
    yield from _of_data(runs)
    for group in groups:
        yield from _of_seeds(group, runs)


def remarks_on_training(name: str, run: Run) -> Iterator[str]:
    """Say what happened to a run that one would not expect.

    Args:
        name: What the run is called.
        run: The run.

    Returns:
        Sentences: it is unfinished or was ended early, or alarms rang at its last check.
    """
    steps = _steps(run)
    if not run.is_finished:
        yield f"{name} is unfinished, after {run.step} of {steps} steps: nothing was measured yet"
    elif run.step != steps:
        yield f"{name} was ended by a callback, after {run.step} of {steps} steps"
    for each in run.failed:
        yield f"{name}: {each['place']} failed at its end: {each['error']}"
    if run.alarms:
        yield f"{name}: alarms ring at its end: {', '.join(run.alarms)} (alarms.jsonl has what they say)"


def _of_run(name: str, run: Run) -> Iterator[str]:
    yield from remarks_on_training(name, run)
    for each in run.ancestry[:1]:
        yield f"{name} was begun from {each['run']} after step {each['step']}"
    if (best := run.best_step) is not None and best != run.step:
        yield f"{name}: the numbers are of step {run.step}, its best checkpoint is of step {best} (train.keep_best)"
    if (error := spec_problem(run)) is not None:
        yield f"{name}: specs are compared as they are written, since this one cannot be read: {error.problems[0]}"
    for reason in run.left_out:
        yield f"{name}: {reason}: its numbers are left out"


def names_by_data(runs: Mapping[str, Run]) -> list[list[str]]:
    """The names of the runs of each dataset, in their order."""
    same: list[list[str]] = []
    for name, run in runs.items():
        for names in same:
            if runs[names[0]].data == run.data:
                names.append(name)
                break
        else:
            same.append([name])
    return same


def _of_data(runs: Mapping[str, Run]) -> Iterator[str]:
    if len(same := names_by_data(runs)) > 1:
        which = "; ".join(", ".join(names) for names in same)
        yield f"the data differ, so that numbers measured on images may not compare: {which}"


def _of_seeds(group: RunGroup, runs: Mapping[str, Run]) -> Iterator[str]:
    by_seed: dict[object, list[str]] = {}
    for name in group.runs:
        by_seed.setdefault(runs[name].fields.get("seed"), []).append(name)
    for seed, names in by_seed.items():
        if len(names) > 1:
            yield f"{', '.join(names)} have one spec and one seed, {seed}: they are no independent draws"


def _steps(run: Run) -> object:
    train = run.fields["train"]
    return train.get("steps") if isinstance(train, Mapping) else None
