"""`gan-run report`: runs as a page."""

from pathlib import Path

import click

from gan_run.cli.common import Plugins, with_plugins


@click.command()
@click.argument(
    "runs",
    nargs=-1,
    required=True,
    metavar="RUN…",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PAGE.html",
    help="The file; default: report.html in the folder of the run, of several runs in the current folder.",
)
@with_plugins
def report(plugins: Plugins, runs: tuple[Path, ...], out: Path | None) -> None:
    """Write a page of a RUN: numbers, pictures over time, curves, alarms, spec and commands.

    It is one HTML file that needs no network. With several RUNs, or a folder of runs, they are side by side, with what
    differs in their specs and the best numbers marked. Runs may be unfinished.
    """
    from gan_run.report.callback import REPORT
    from gan_run.results.comparison import compare

    found = compare(runs, registry=plugins.registry)
    first = next(iter(found.runs.values()))
    default = first.report_file if len(found.runs) == 1 else Path(REPORT)
    click.echo(found.write_report(default if out is None else out))
