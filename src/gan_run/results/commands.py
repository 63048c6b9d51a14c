"""Commands that use a run, for the end of training and for reports."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

from gan_run.results.grouping import spec_problem
from gan_run.results.run import Run

SHOWN_NEXT = 3
"""How many commands follow a run on the terminal."""
COLUMNS = 100
"""Characters of a line; a longer command has no comment."""


class Command(NamedTuple):
    """A command line."""

    line: str
    purpose: str


def use_commands(run: Run) -> list[Command]:
    """Commands that use the model of a run, those first that its spec suggests.

    Args:
        run: The run.
    """
    return [Command(_line(run, *arguments), purpose) for arguments, purpose in _uses(run)]


def reproduce_command(run: Run) -> Command:
    """The command that trains the spec of a run again, on as many threads and processes as the run had at first.

    Args:
        run: The run.
    """
    first: Mapping[str, Any] = run.environment[0] if run.environment else {}
    line = _again(run, first)
    bytes_too = len(run.environment) == 1 and first.get("device") == "cpu"
    same = "the same bytes on the same machine and versions" if bytes_too else "the same spec and seed"
    return Command(line, same)


def ending(run: Run) -> Iterator[str]:
    """What is said at the end of training: the alarms that ring, the report, the pictures, and what to do next.

    Args:
        run: The run, finished.

    Returns:
        Lines.
    """
    for message in run.alarms.values():
        yield f"  ALARM     {message}"
    report = run.report_file
    named = [("report", [str(report)] if report.is_file() else []), ("pictures", _patterns(run))]
    for title, paths in named:
        for path in paths:
            yield f"  {title:<10}{path}"
            title = ""
    chosen = use_commands(run)[:SHOWN_NEXT]
    width = max(len(command.line) for command in chosen)
    yield "next:"
    for command in chosen:
        explained = f"  {command.line:<{width}}  # {command.purpose}"
        yield explained if len(explained) <= COLUMNS else f"  {command.line}"


def _uses(run: Run) -> Iterator[tuple[Sequence[str], str]]:
    readable = spec_problem(run) is None
    if readable and run.spec.encoder_losses():
        if find_spec("onnx") is not None:  # an extra
            yield ("explore",), "turn its codes on a page"
        yield ("traverse", "--out", "strips"), "a picture of each code"
        if run.data.sizes.get("test"):
            yield ("encode", "test", "--sheets", "sheets"), "real images by their codes"
        else:
            yield ("encode", "PICTURES", "--sheets", "sheets"), "a folder by its codes"
    yield ("sample", "--n", "64", "--out", "samples.png"), "draw new images"
    yield ("sample", "--n", "1000", "--out", "generated"), "a folder of them"
    yield ("export", "--torch", "--weights", "--out", "export"), "files without gan-run"


def _line(run: Run, command: str, *arguments: str) -> str:
    return shlex.join(["gan-run", command, str(run.path), *arguments, *run.plugins.command_line()])


def _again(run: Run, first: Mapping[str, Any]) -> str:
    processes = first.get("processes", 1)
    launcher = ["torchrun", "--nproc-per-node", str(processes), "-m", "gan_run"] if processes > 1 else ["gan-run"]
    threads = f"OMP_NUM_THREADS={first['threads']} " if "threads" in first else ""
    kept = [word for file in sorted((run.path / "plugins").glob("*.py")) for word in ("--plugin", str(file))]
    return threads + shlex.join([*launcher, "train", str(run.path / "spec.json"), "--out", "again", *kept])


def _patterns(run: Run) -> list[str]:
    """The pictures of the last step: a pattern for each folder that has several."""
    last: dict[tuple[str, str], list[str]] = {}
    pictures = run.pictures
    newest = max((picture.step for picture in pictures), default=0)
    for picture in pictures:
        if picture.step == newest:
            last.setdefault((picture.folder, picture.path.suffix), []).append(str(picture.path))
    return [
        paths[0] if len(paths) == 1 else f"{run.path / folder}/step-{newest:08d}-*{suffix}"
        for (folder, suffix), paths in last.items()
    ]
