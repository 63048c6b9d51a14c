"""`gan-run train`, or just `gan-run SPEC`."""

import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.beginning import Beginning, from_option
from gan_run.cli.common import TRAINING_FAILED, Plugins, run_folder, set_option, with_plugins
from gan_run.cli.completion import complete_run
from gan_run.cli.spec_argument import given_spec, spec_argument
from gan_run.core.base.errors import GanRunError

if TYPE_CHECKING:
    from rich.console import Console

    from gan_run.core.run.options import RunOptions
    from gan_run.registry.plugins import Registry


@dataclass(frozen=True)
class Target:
    """What is to be trained: an existing run, or a spec with one seed or several."""

    folder: Path | None
    spec: Path | None
    out: Path
    seeds: int | None
    jobs: int | None
    select: bool
    beginning: Beginning | None

    def __post_init__(self) -> None:
        if self.select:
            from gan_run.core.run.selection import FEWEST

            if (self.seeds or 0) < FEWEST:
                raise click.UsageError(f"--select ranks the runs of --seeds N, where N is {FEWEST} or more")
        if self.spec is None and self.beginning is not None:
            raise click.UsageError(f"--from begins a run of a SPEC, such as {self.beginning.run}/spec.json")
        if (self.spec is None) == (self.folder is None):
            raise click.UsageError("give either a SPEC or --resume RUN")
        if self.folder is not None and self.seeds is not None:
            raise click.UsageError("--resume goes on with one run: give the SPEC again to go on with --seeds")
        if self.folder is not None and self.beginning is not None:
            raise click.UsageError("--resume goes on with a run, --from begins a new one: give one of them")

    def train(self, console: "Console", overrides: Collection[str], options: "RunOptions") -> list[Path]:
        """Train, and show the summary of several seeds. Returns the run folders; raises as `gan_run.train` does."""
        from gan_run.cli.comparison import show_values
        from gan_run.cli.select import show as show_selection
        from gan_run.registry.plugins import load_plugins
        from gan_run.runs import read_spec, resume, train
        from gan_run.seeds import train_seeds
        from gan_run.selection import refuse_unselectable, select

        if self.folder is not None:
            return [resume(self.folder, overrides=overrides, options=options)]
        assert self.spec is not None
        spec = given_spec(self.spec)
        if self.beginning is not None:
            overrides = [*overrides, self.beginning.override()]
        if self.seeds is None:
            return [train(spec, self.out, overrides=overrides, options=options)]
        if self.select:
            registry = options.registry or load_plugins()
            refuse_unselectable(read_spec(spec, overrides, registry), registry)
        trained = train_seeds(spec, self.seeds, self.out, jobs=self.jobs, overrides=overrides, options=options)
        show_values(trained.rows, "seed", list(trained.runs), console)
        runs = list(trained.runs.values())
        if self.select:
            show_selection(select(runs, registry=options.registry), console)
        return runs


@click.command()
@spec_argument(required=False)
@set_option
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default="runs", help="The folder for run folders."
)
@click.option(
    "--resume",
    "folder",
    type=run_folder,
    shell_complete=complete_run,
    metavar="RUN",
    help="Resume this run.",
)
@from_option
@click.option(
    "--seeds", type=click.IntRange(1, 1000), metavar="N", help="Train with N seeds, and compare their metrics."
)
@click.option(
    "--jobs", type=click.IntRange(1, 1024), metavar="K", help="Train K seeds at a time; default: on a CPU one per core."
)
@click.option("--select", is_flag=True, help="With --seeds: rank the runs without labels, as `gan-run select` does.")
@click.option("--fresh", is_flag=True, help="Move an earlier run of this name aside and start from step 0.")
@click.option("--any-processes", is_flag=True, help="Resume a run that another number of processes trained.")
@click.option("--begun", type=float, hidden=True, help="When the command of --jobs began, by the system's clock.")
@click.option("--parent", type=int, hidden=True, help="Stop when the process of this id is gone. Used by --jobs.")
@click.option("--report", type=click.Path(path_type=Path), hidden=True, help="A file for the folder or the error.")
@with_plugins
def train(
    plugins: Plugins,
    spec: Path | None,
    overrides: tuple[str, ...],
    out: Path,
    folder: Path | None,
    beginning: Beginning | None,
    seeds: int | None,
    jobs: int | None,
    select: bool,
    fresh: bool,
    any_processes: bool,
    begun: float | None,
    parent: int | None,
    report: Path | None,
) -> None:
    """Train SPEC, a file or - for standard input, into a run folder, or resume an unfinished run of it.

    A run is resumed if the spec gives it the same weights. These fields may differ: description, metrics, artifacts,
    callbacks, the paths in data, train.device, for, on_nan, log_every, checkpoint_every, keep and keep_best. Where it
    asks for more steps the run goes on, unless a schedule follows their number.
    --resume RUN resumes that run; --set may change the same fields, and train.steps to no less than the steps taken.
    --from RUN trains SPEC as a new run, which begins with the weights and optimizers of RUN: for another rate, batch
    size or data set, or other losses.
    --seeds N trains N runs, of the spec's seed and those after it, into NAME-seed-SEED; finished runs are kept. With
    several --jobs, each run is trained by a process of its own with its share of the cores.
    Under torchrun all processes train one run together: torchrun --nproc-per-node 2 -m gan_run SPEC.
    """
    begun = time.monotonic() if begun is None else begun
    target, registry = Target(folder, spec, out, seeds, jobs, select, beginning), plugins.registry
    from rich.console import Console

    from gan_run.core.base.distributed import torchrun
    from gan_run.core.run.options import RunOptions
    from gan_run.core.run.stopping import Stopped, TimeUp
    from gan_run.display.progress import progress
    from gan_run.display.tables import say
    from gan_run.interruption import stop_signals

    with torchrun() as world, stop_signals() as signals:
        console, code = Console(quiet=not world.is_main), 0
        try:
            with progress(console) as display:
                options = RunOptions(
                    fresh=fresh,
                    any_processes=any_processes,
                    callbacks=(display,),
                    stop=lambda: parent not in (None, os.getppid()),
                    notify=display.notify,
                    progress=False,
                    registry=registry,
                    signals=signals,
                    begun=begun,
                )
                runs = target.train(console, overrides, options)
            for run in runs:
                say(f"done: {run}", console)
                _write(report, {"run": str(run)})
            if world.is_main and seeds is None and parent is None:
                _show_ending(runs[0], registry, console)
            if world.is_main and parent is None and _show_failed(runs):
                code = TRAINING_FAILED
        except Stopped as stopped:
            again = _resume_command(display.folder, registry) if display.folder and not seeds else "the same command"
            why = "the time of train.for has passed: " if isinstance(stopped, TimeUp) else ""
            say(f"{why}{stopped}; a checkpoint is saved. To go on:\n  {again}", console)
            if isinstance(stopped, TimeUp):
                _write(report, {"run": None})
            else:
                code = 128 + (signals.received or [signal.SIGTERM])[0]
        except KeyboardInterrupt:
            say(_stopped_at_once(display.folder, registry), console)
            code = 128 + (signals.received or [signal.SIGINT])[0]
        except GanRunError as error:
            _write(report, {"error": str(error)})
            raise
    if code:  # after torchrun's processes have left their group in order
        sys.exit(code)


def _stopped_at_once(folder: Path | None, registry: "Registry") -> str:
    """What is said of a run that a signal ended while it took no step."""
    from gan_run.core.run.run_folder import RunFolder

    latest = None if folder is None else RunFolder(folder).latest()
    if folder is None or latest is None:
        return "stopped; no step was taken, and the same command begins again"
    return f"stopped at once; the last checkpoint is {latest.folder}. To go on:\n  {_resume_command(folder, registry)}"


def _show_failed(runs: Collection[Path]) -> bool:
    """Name the metrics and artifacts that failed at the end of each run. Returns whether there is one."""
    from gan_run.core.run.run_folder import RunFolder

    failed = [(run, each) for run in runs for each in RunFolder(run).failed()]
    for run, each in failed:
        click.echo(f"error: {run} is trained, but {each['place']} failed: {each['error']}", err=True)
    if failed:
        click.echo("Once that is mended the same command tries again, without a step", err=True)
    return bool(failed)


def _show_ending(run: Path, registry: "Registry", console: "Console") -> None:
    from gan_run.display.tables import say
    from gan_run.results.commands import ending
    from gan_run.results.run import Run

    for line in ending(Run(run, registry=registry)):
        say(line, console)


def _resume_command(folder: Path, registry: "Registry") -> str:
    return shlex.join(["gan-run", "train", "--resume", str(folder), *registry.command_line()])


def _write(report: Path | None, content: Mapping[str, str | None]) -> None:
    if report is not None:
        report.write_text(json.dumps(content), encoding="utf-8")
