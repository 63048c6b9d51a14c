"""Pages of docs/ that are rendered from a table of records: what was measured, by which run, on which machine.

    python benchmarks/results.py render  # every docs/PAGE.md.jinja to docs/PAGE.md
    python benchmarks/results.py add mnist-paper runs/mnist-* --spec examples/infogan-mnist.json \\
        --number accuracy=/metrics/0/found/accuracy --number nmi=/metrics/0/found/nmi

A record is one line of docs/results.jsonl: what was run, where, and the numbers that came out. A template has no
measured number of its own: its expressions read the records. `add` appends a record GROUP/SEED for each run; a number
is a JSON Pointer (RFC 6901) into the run's evaluation.json.
"""

import argparse
import json
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import jinja2
from pydantic import BaseModel, ConfigDict, Field, model_validator

DOCS = Path("docs")
RECORDS = DOCS / "results.jsonl"


class Record(BaseModel):
    """What one run, or one command on it, gave; or what somebody has published, by its `source`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[^/\s]+/[^/\s]+$")]
    """GROUP/NAME; a table of a page lists a group."""
    spec: str | None = None
    """The spec, or the script, that was run; relative to the repository."""
    overrides: tuple[str, ...] = ()
    """The arguments of --set beside the seed, or those of the script."""
    seed: int | None = None
    steps: int | None = None
    machine: str | None = None
    """Processor, precision, threads and versions."""
    numbers: dict[str, float]
    commit: Annotated[str | None, Field(pattern=r"^[0-9a-f]{7,40}$")] = None
    """The code that ran, or the commit that recorded the numbers where that was not kept."""
    source: str | None = None
    """The publication."""
    note: str = ""

    @model_validator(mode="after")
    def _measured_or_published(self) -> Self:
        measured = (self.spec, self.machine, self.commit)
        if self.source is None and None in measured:
            raise ValueError("a measured record has spec, machine and commit; a published one has a source")
        if self.source is not None and any(measured):
            raise ValueError("a published record has no spec, machine or commit")
        return self

    @property
    def group(self) -> str:
        return self.id.split("/")[0]


class Records:
    """The table, as templates see it; it remembers which records were read."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._by_id = {record.id: record for record in records}
        if len(self._by_id) < len(records):
            raise ValueError("two records have one id")
        self._unread = set(self._by_id)

    def run(self, identity: str) -> Record:
        """The record GROUP/NAME."""
        self._unread.discard(identity)
        return self._by_id[identity]

    def runs(self, group: str) -> list[Record]:
        """The records of a group, in the order of the file."""
        found = [self.run(identity) for identity, record in self._by_id.items() if record.group == group]
        if not found:
            raise KeyError(f"no record is in the group {group!r}")
        return found

    @property
    def unread(self) -> frozenset[str]:
        return frozenset(self._unread)


def over(summary: Callable[[list[float]], float]) -> Callable[[Sequence[Record], str], float]:
    """A function, for templates, of records and the name of a number."""
    return lambda records, name: summary([record.numbers[name] for record in records])


def percent(share: float, digits: int = 1) -> str:
    """0.925 as 92.5%."""
    return f"{100 * share:.{digits}f}%"


def decimal(number: float, digits: int = 3) -> str:
    """0.862 as .862: without the zero before the point."""
    text = f"{number:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def whole(number: float) -> str:
    """5000 as 5,000."""
    return f"{number:,.0f}"


def given(text: str) -> str:
    """A number that was not measured: an aim, or a setting in the midst of a sentence."""
    return text


def render(records: Records, template: str) -> str:
    """The page. A number, record or name that is missing is an error."""
    environment = jinja2.Environment(  # noqa: S701  # the page is Markdown, the records are ours
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters.update(percent=percent, decimal=decimal, whole=whole)
    environment.globals.update(
        run=records.run,
        runs=records.runs,
        given=given,
        mean=over(statistics.fmean),
        deviation=over(statistics.stdev),
        least=over(min),
        most=over(max),
    )
    return environment.from_string(template).render()


def read(path: Path) -> list[Record]:
    """The records of a file."""
    return [Record.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def render_all(docs: Path) -> None:
    """Write the page beside each template of a folder."""
    records = Records(read(docs / RECORDS.name))
    for template in docs.glob("*.md.jinja"):
        page = render(records, template.read_text(encoding="utf-8"))
        template.with_suffix("").write_text(page, encoding="utf-8")


def record_of(
    run: Path, group: str, spec: str, overrides: Sequence[str], numbers: Mapping[str, str], note: str
) -> Record:
    """The record of a run folder, by its spec, its environment and its evaluation."""
    declared, environment, evaluation = (
        json.loads((run / name).read_text("utf-8")) for name in ("spec.json", "environment.json", "evaluation.json")
    )
    stretch = environment["stretches"][-1]
    head = subprocess.run(["git", "rev-parse", "--short=8", "HEAD"], capture_output=True, check=True, text=True)
    return Record(
        id=f"{group}/{declared['seed']}",
        spec=spec,
        overrides=tuple(overrides),
        seed=declared["seed"],
        steps=evaluation["step"],
        machine=f"{stretch['processor']}, {stretch['device']}, {stretch['threads']} threads, torch {stretch['torch']}",
        numbers={name: float(at(evaluation, pointer)) for name, pointer in numbers.items()},
        commit=head.stdout.strip(),
        note=note,
    )


def at(found: Any, pointer: str) -> Any:
    """What a JSON Pointer leads to."""
    for key in pointer.removeprefix("/").split("/"):
        found = found[int(key)] if isinstance(found, list) else found[key]
    return found


def add(
    group: str, runs: Sequence[Path], spec: str, overrides: Sequence[str], numbers: Sequence[str], note: str
) -> None:
    """Append a record of each run."""
    pointers = dict(number.split("=", 1) for number in numbers)
    records = [record_of(run, group, spec, overrides, pointers, note) for run in runs]
    Records([*read(RECORDS), *records])  # refuses an id that is there
    with RECORDS.open("a", encoding="utf-8") as file:
        file.writelines(f"{record.model_dump_json(exclude_defaults=True)}\n" for record in records)


def main(arguments: Sequence[str] | None = None) -> None:
    """Render the pages, or add records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    rendering = commands.add_parser("render")
    rendering.set_defaults(act=lambda _: render_all(DOCS))
    adding = commands.add_parser("add")
    adding.add_argument("group")
    adding.add_argument("runs", nargs="+", type=Path)
    adding.add_argument("--spec", required=True)
    adding.add_argument("--set", action="append", default=[], dest="overrides")
    adding.add_argument("--number", action="append", required=True, dest="numbers", metavar="NAME=POINTER")
    adding.add_argument("--note", default="", help="words for the page, such as the precision")
    adding.set_defaults(act=lambda it: add(it.group, it.runs, it.spec, it.overrides, it.numbers, it.note))
    parsed = parser.parse_args(arguments)
    parsed.act(parsed)


if __name__ == "__main__":
    main()
