"""`gan-run train`, or just `gan-run SPEC`."""

import shlex
import signal
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TypedDict

import click

from gan_run.cli.verb import Plugins, set_option, verb

if TYPE_CHECKING:
    from gan_run.registry.plugins import Registry
    from gan_run.runs import Watched


class Common(TypedDict):
    """What training takes in any case."""

    overrides: Collection[str]
    any_processes: bool
    watched: "Watched"
    registry: "Registry"


@click.command()
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@set_option
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="runs", help="Where run folders go.")
@click.option(
    "--resume",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="RUN",
    help="Go on with this run.",
)
@click.option("--seeds", type=click.IntRange(min=1), metavar="N", help="Train with N seeds, and compare them.")
@click.option(
    "--at-a-time", type=click.IntRange(min=1), metavar="K", help="So many of them; default: on a CPU one per core."
)
@click.option("--fresh", is_flag=True, help="Move an earlier run of this name aside and start anew.")
@click.option("--any-processes", is_flag=True, help="Go on with a run that another number of processes began.")
@verb
def train(
    plugins: Plugins,
    spec: Path | None,
    overrides: tuple[str, ...],
    out: Path,
    folder: Path | None,
    seeds: int | None,
    at_a_time: int | None,
    fresh: bool,
    any_processes: bool,
) -> None:
    """Train SPEC into a run folder, or go on with an unfinished run of it.

    --resume RUN goes on with that run; with --set it may raise train.steps and change what is logged and kept.
    --seeds N trains N runs, of the spec's seed and those after it, into NAME-seed-SEED; finished ones are kept. With
    several --at-a-time, each is trained by a process of its own that has its part of the cores.
    Under torchrun all processes train one run together: torchrun --nproc-per-node 2 -m gan_run SPEC.
    """
    if (spec is None) == (folder is None):
        raise click.UsageError("give either a SPEC or --resume RUN")
    if folder is not None and seeds is not None:
        raise click.UsageError("--resume goes on with one run: give the SPEC again to go on with --seeds")
    from rich.console import Console

    from gan_run.cli.comparison import show
    from gan_run.cli.progress import progress
    from gan_run.core.processes import torchrun
    from gan_run.core.training import Stopped
    from gan_run.runs import Watched, resume
    from gan_run.runs import train as train_spec
    from gan_run.seeds import train_seeds

    registry = plugins.load()
    with torchrun() as processes, stop_signals() as received, progress(Console(quiet=not processes.leads)) as display:
        watched = Watched(display, lambda: bool(received), display.say)
        common: Common = {
            "overrides": overrides,
            "any_processes": any_processes,
            "watched": watched,
            "registry": registry,
        }
        try:
            if folder is not None:
                runs = [resume(folder, **common)]
            elif seeds is None:
                assert spec is not None
                runs = [train_spec(spec, out, fresh=fresh, **common)]
            else:
                assert spec is not None
                options = plugins.options()
                trained = train_seeds(spec, seeds, out, fresh=fresh, at_a_time=at_a_time, options=options, **common)
                runs = list(trained.runs.values())
                show(trained.rows, display.console)
        except Stopped as stopped:
            again = "the same command" if seeds else f"gan-run train --resume {shlex.quote(str(display.folder))}"
            display.say(f"{stopped}; a checkpoint is saved. To go on:")
            display.say(f"  {again}")
            code = 128 + (received or [signal.SIGTERM])[0]
        else:
            code = 0
            for run in runs:
                display.say(f"done: {run}")
    if code:
        sys.exit(code)


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM. A second one ends the program at once."""
    received: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    before = {number: signal.signal(number, receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
