"""`gan-run sweep`: runs of a spec with other values of some fields."""

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, set_option, with_plugins
from gan_run.cli.spec_argument import given_spec, spec_argument
from gan_run.core.base.errors import RunError

if TYPE_CHECKING:
    from rich.console import Console

    from gan_run.sweeps.sweep import Sweep


@click.command()
@spec_argument()
@click.option(
    "--over",
    "over",
    multiple=True,
    required=True,
    metavar="PLACE=VALUES",
    help="Vary a field (repeatable): 0.1,0.3,1 or a JSON array; integers 0:5, without 5; with --trials an interval, "
    "0.1..1 or 1e-4..1e-2:log.",
)
@set_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="runs",
    show_default=True,
    help="The folder for the sweep's folder, NAME-sweep.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 1024), metavar="K", help="Train K runs at a time; default: on a CPU one per core."
)
@click.option(
    "--trials", type=click.IntRange(1, 10**6), metavar="N", help="Search with N trials in all (needs optuna)."
)
@click.option("--maximise", metavar="METRIC[:NUMBER]", help="With --trials: the number to improve.")
@click.option("--minimise", metavar="METRIC[:NUMBER]", help="The same, of a number that is better when it is lower.")
@with_plugins
def sweep(
    plugins: Plugins,
    spec: Path,
    over: tuple[str, ...],
    overrides: tuple[str, ...],
    out: Path,
    jobs: int | None,
    trials: int | None,
    maximise: str | None,
    minimise: str | None,
) -> None:
    """Train SPEC with every combination of some fields' values, and compare the runs.

    gan-run sweep SPEC --over losses[1].weight=0.1,0.3,1 --over seed=0:5 trains 15 runs, into runs/NAME-sweep. The same
    command goes on with what was interrupted; finished runs are kept, so that more values add to them. A run that fails
    does not end the others.

    --trials N --maximise METRIC:NUMBER searches instead: optuna chooses the values of each trial. With --over seed=0:3
    each trial trains three runs, and the mean of their numbers counts.
    """
    from rich.console import Console

    from gan_run.core.run.options import RunOptions
    from gan_run.core.run.stopping import Stopped, TimeUp
    from gan_run.display.progress import progress
    from gan_run.interruption import stop_signals
    from gan_run.sweeps.sweep import sweep as sweep_runs

    if len([each for each in (maximise, minimise) if each is not None]) != (0 if trials is None else 1):
        raise click.UsageError("a search is --trials N with either --maximise or --minimise METRIC[:NUMBER]")
    code, begun = 0, time.monotonic()
    with stop_signals() as signals, progress(Console()) as display:
        options = RunOptions(
            callbacks=(display,),
            notify=display.notify,
            progress=False,
            registry=plugins.registry,
            signals=signals,
            begun=begun,
        )
        try:
            found = sweep_runs(
                given_spec(spec),
                _split(over),
                out,
                trials=trials,
                maximise=maximise,
                minimise=minimise,
                jobs=jobs,
                overrides=overrides,
                options=options,
            )
        except Stopped as stopped:
            display.notify(f"{stopped}; checkpoints are saved. To go on:\n  the same command")
            code = 0 if isinstance(stopped, TimeUp) else 128 + (signals.received or [signal.SIGTERM])[0]
        except KeyboardInterrupt:
            display.notify("stopped at once. To go on:\n  the same command")
            code = 128 + (signals.received or [signal.SIGINT])[0]
        else:
            show(found, display.console)
    if code:
        sys.exit(code)


def show(found: "Sweep", console: "Console") -> None:
    """The comparison of the runs. Raises RunError if some failed."""
    from gan_run.cli.comparison import show_comparison
    from gan_run.display.tables import say
    from gan_run.many_runs import reasons

    if found.runs:
        show_comparison(found.compare(), console)
        say(f"runs: {found.folder}", console)
    if found.best:
        say(f"best trial: {', '.join(map(str, found.best))}", console)
    if found.failures:
        raise RunError(f"{len(found.failures)} failed; the same command tries again\n{reasons(found.failures)}")


def _split(over: tuple[str, ...]) -> dict[str, str]:
    """Values by place."""
    split = [text.partition("=") for text in over]
    for place, equals, values in split:
        if not place or not equals or not values:
            raise click.UsageError(f"--over {place}{equals}{values}: it is written as PLACE=VALUES")
        if [each for each, _, _ in split].count(place) > 1:
            raise click.UsageError(f"--over {place} is given twice: give all of its values at once")
    return {place: values for place, _, values in split}
