"""`gan-run train`, or just `gan-run SPEC`."""

import shlex
import signal
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TypedDict

import click

from gan_run.cli.common import Plugins, set_option, with_plugins

if TYPE_CHECKING:
    from rich.console import Console

    from gan_run.registry.plugins import Registry
    from gan_run.runs import Watched


class Common(TypedDict):
    """What training takes in any case."""

    overrides: Collection[str]
    any_processes: bool
    watched: "Watched"
    registry: "Registry"


@dataclass(frozen=True)
class Asked:
    """What is to be trained: a run that was begun, or a spec, by one seed or several."""

    folder: Path | None
    spec: Path | None
    out: Path
    seeds: int | None
    jobs: int | None
    fresh: bool

    def __post_init__(self) -> None:
        if (self.spec is None) == (self.folder is None):
            raise click.UsageError("give either a SPEC or --resume RUN")
        if self.folder is not None and self.seeds is not None:
            raise click.UsageError("--resume goes on with one run: give the SPEC again to go on with --seeds")

    def train(self, console: "Console", options: Sequence[str], common: Common) -> list[Path]:
        """The folders of the runs. Raises as training does."""
        from gan_run.cli.comparison import show
        from gan_run.runs import resume, train
        from gan_run.seeds import train_seeds

        if self.folder is not None:
            return [resume(self.folder, **common)]
        assert self.spec is not None
        if self.seeds is None:
            return [train(self.spec, self.out, fresh=self.fresh, **common)]
        trained = train_seeds(
            self.spec, self.seeds, self.out, fresh=self.fresh, jobs=self.jobs, options=options, **common
        )
        show(trained.rows, console)
        return list(trained.runs.values())


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
    "--jobs", type=click.IntRange(min=1), metavar="K", help="So many of them; default: on a CPU one per core."
)
@click.option("--fresh", is_flag=True, help="Move an earlier run of this name aside and start anew.")
@click.option("--any-processes", is_flag=True, help="Go on with a run that another number of processes began.")
@with_plugins
def train(
    plugins: Plugins,
    spec: Path | None,
    overrides: tuple[str, ...],
    out: Path,
    folder: Path | None,
    seeds: int | None,
    jobs: int | None,
    fresh: bool,
    any_processes: bool,
) -> None:
    """Train SPEC into a run folder, or go on with an unfinished run of it.

    --resume RUN goes on with that run; with --set it may raise train.steps and change what is logged and kept.
    --seeds N trains N runs, of the spec's seed and those after it, into NAME-seed-SEED; finished ones are kept. With
    several --jobs, each is trained by a process of its own that has its part of the cores.
    Under torchrun all processes train one run together: torchrun --nproc-per-node 2 -m gan_run SPEC.
    """
    asked = Asked(folder, spec, out, seeds, jobs, fresh)
    from rich.console import Console

    from gan_run.cli.progress import progress
    from gan_run.core.base.distributed import torchrun
    from gan_run.core.run.loop import Stopped
    from gan_run.runs import Watched

    registry = plugins.load()
    with torchrun() as processes, stop_signals() as received, progress(Console(quiet=not processes.is_main)) as display:
        watched = Watched(display, lambda: bool(received), display.say)
        common = Common(overrides=overrides, any_processes=any_processes, watched=watched, registry=registry)
        code = 0
        try:
            for run in asked.train(display.console, plugins.options(), common):
                display.say(f"done: {run}")
        except Stopped as stopped:
            again = "the same command" if seeds else f"gan-run train --resume {shlex.quote(str(display.folder))}"
            display.say(f"{stopped}; a checkpoint is saved. To go on:")
            display.say(f"  {again}")
            code = 128 + (received or [signal.SIGTERM])[0]
    if code:  # only now: the processes of a torchrun part in order if nothing is raised among them
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
