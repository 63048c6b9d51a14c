"""What a run is: its data, its steps, when and on what it was trained."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from gan_run.results.grouping import spec_problem
from gan_run.results.run import Run


class Fact(NamedTuple):
    """Something to know about a run."""

    name: str
    value: str


def facts(run: Run) -> list[Fact]:
    """What a reader wants to know first.

    Args:
        run: The run.
    """
    found = [
        Fact("Data", _data(run)),
        Fact("Codes", _codes(run)),
        Fact("Steps", _steps(run)),
        Fact("Begun from", _ancestry(run)),
        Fact("Trained", _when(run)),
        Fact("On", _machine(run)),
        Fact("Seed", str(run.fields.get("seed", ""))),
    ]
    return [fact for fact in found if fact.value]


def _data(run: Run) -> str:
    source, info = run.fields.get("data"), run.data
    kind = str(source["type"]) if isinstance(source, Mapping) and "type" in source else "images"
    sizes = ", ".join(f"{size:,} {split}" for split, size in info.sizes.items() if size)
    columns = ", ".join(info.columns)
    return f"{kind}: {'×'.join(map(str, info.image))}, {sizes or 'a stream'}" + (
        f"; known: {columns}" if columns else ""
    )


def _codes(run: Run) -> str:
    if spec_problem(run) is not None:
        return ""
    titles = []
    for code in run.spec.encoder_losses():
        count = run.spec.latents[code].count
        titles.append(run.code_names.title(code) if count == 1 else f"{code}[0] to {code}[{count - 1}]")
    return ", ".join(titles)


def _steps(run: Run) -> str:
    train = run.fields.get("train")
    steps = train.get("steps") if isinstance(train, Mapping) else None
    if not isinstance(steps, int) or steps == run.step:
        return f"{run.step:,}"
    return f"{run.step:,} of {steps:,}, {'ended early' if run.is_finished else 'unfinished'}"


def _ancestry(run: Run) -> str:
    """The runs that this one was begun from, the nearest first."""
    return ", which was begun from ".join(f"{each['run']} after step {each['step']}" for each in run.ancestry)


def _when(run: Run) -> str:
    """The times of the first and the last log line, and how long the steps took without interruptions."""
    lines = run.logged.numbers
    times = [values["time/unix"] for values in lines.values() if "time/unix" in values]
    if not times:
        return ""
    first, last = (datetime.fromtimestamp(time).astimezone() for time in (times[0], times[-1]))
    end = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{first:%Y-%m-%d %H:%M} to {end} {last:%Z}; {_duration(run)} of training"


def _duration(run: Run) -> timedelta:
    train = run.fields.get("train")
    batch = train.get("batch_size", 0) if isinstance(train, Mapping) else 0
    lines = run.logged.numbers
    seconds = 0.0
    for before, step in pairwise([0, *lines]):
        pace = lines[step].get("time/images_per_second", 0.0)
        seconds += (step - before) * batch / pace if pace else 0.0
    return timedelta(seconds=round(seconds))


def _machine(run: Run) -> str:
    if not run.environment:
        return ""
    last = run.environment[-1]
    threads = f"{last['threads']} thread{'s' if last['threads'] != 1 else ''}" if "threads" in last else ""
    versions = f"gan-run {last.get('gan-run')}, torch {last.get('torch')}"
    return ", ".join(part for part in (str(last.get("device", "")), threads, versions) if part)
