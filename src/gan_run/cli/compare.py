"""`gan-run compare`: runs side by side."""

from pathlib import Path

import click

from gan_run.cli.common import Plugins, echo_json, json_option, runs_argument, with_plugins


@click.command()
@runs_argument
@json_option
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the table to this file, a line for each group of runs.",
)
@click.option(
    "--curves",
    "curves_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.png",
    help="Draw the learning curves to this file.",
)
@click.option(
    "--number",
    "numbers",
    multiple=True,
    metavar="NAME",
    help="With --curves: draw this logged number (repeatable). Default: losses, and metrics measured while training.",
)
@with_plugins
def compare(
    plugins: Plugins,
    runs: tuple[Path, ...],
    as_json: bool,
    csv_file: Path | None,
    curves_file: Path | None,
    numbers: tuple[str, ...],
) -> None:
    """Show what differs between RUNs: in their specs, and in what their metrics found.

    Runs that differ in their seed alone are one group, with mean and standard deviation. A RUN may also be a folder of
    runs, which stands for all of them. Runs may be unfinished, and of any specs.
    """
    from rich.console import Console

    from gan_run.cli.comparison import show_comparison
    from gan_run.results.comparison import compare as compare_runs

    if numbers and curves_file is None:
        raise click.UsageError("--number chooses what --curves FILE.png draws")
    found = compare_runs(runs, registry=plugins.registry)
    if csv_file is not None:
        found.write_csv(csv_file)
    if curves_file is not None:
        found.draw_curves(curves_file, numbers)
    if as_json:
        echo_json(found.as_object(), ensure_ascii=False)
    else:
        show_comparison(found, Console())
        for file in filter(None, (csv_file, curves_file)):
            click.echo(file)
