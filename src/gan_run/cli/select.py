"""`gan-run select`: the run to keep, of several, without labels."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, echo_json, json_option, runs_argument, with_plugins
from gan_run.cli.options import checkpoint_option, moved_option

if TYPE_CHECKING:
    from rich.console import Console

    from gan_run.core.kinds.init_from import CheckpointName
    from gan_run.core.run.selection import Ranking
    from gan_run.selection import Selection


@click.command()
@runs_argument
@click.option(
    "--by",
    "criteria",
    multiple=True,
    metavar="CRITERION",
    help='A criterion: its type, or its JSON {"type": …} (repeatable; the first decides). Default: all that fit.',
)
@moved_option
@checkpoint_option
@click.option("--link", metavar="NAME", help="Make NAME, beside the chosen run, a symbolic link to it.")
@json_option
@with_plugins
def select(
    plugins: Plugins,
    runs: tuple[Path, ...],
    criteria: tuple[str, ...],
    moved: tuple[str, ...],
    checkpoint: "CheckpointName",
    link: str | None,
    as_json: bool,
) -> None:
    """Rank three RUNs or more of one experiment without labels, by how well their codes agree.

    A RUN may also be a folder of runs, which stands for all of them.
    `gan-run components criterion` lists the criteria.
    """
    from rich.console import Console

    from gan_run.results.naming import opened_runs
    from gan_run.selection import select as select_runs

    wanted = [_criterion(text) for text in criteria]
    opened = opened_runs(runs, plugins.registry)
    if link is not None:
        for run in opened:
            _check_link(run.path, link)  # before what takes minutes
    found = select_runs(opened, wanted, checkpoint=checkpoint, registry=plugins.registry, moved=moved)
    if as_json:
        echo_json(as_object(found))
    else:
        show(found, Console())
    if link is not None:
        _link(found.chosen, link)


def as_object(found: "Selection") -> dict[str, object]:
    """A selection, ready for JSON."""
    criteria = {
        key: {
            "scores": {str(run): score for run, score in zip(found.runs, ranking.scores, strict=True)},
            "order": [str(found.runs[run]) for run in ranking.order],
            "margin": ranking.margin,
            "kept": ranking.kept,
            "selections_without_one_run": len(found.runs) - 1,
            "agreement": ranking.agreement,
        }
        for key, ranking in found.rankings.items()
    }
    return {"chosen": str(found.chosen), "criteria": criteria, "notes": found.notes}


def show(found: "Selection", console: "Console") -> None:
    """The runs in the order of the first criterion, and how sure each criterion is of its best."""
    from rich.table import Table

    from gan_run.display.tables import print_whole, say

    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for key in found.rankings:
        table.add_column(key, justify="right")
    for run in next(iter(found.rankings.values())).order:
        scores = [f"{r.scores[run]:.4f}{'*' if run == r.order[0] else ' '}" for r in found.rankings.values()]
        table.add_row(str(found.runs[run]), *scores)
    print_whole(table, console)
    for key, ranking in found.rankings.items():
        best = found.runs[ranking.order[0]]
        say(f"{key}: {best}, {ranking.margin:.4f} before the next; {_how_sure(ranking)}", console)
    for note in found.notes:
        say(f"note: {note}", console)
    say(f"chosen: {found.chosen}", console)


def _how_sure(ranking: "Ranking") -> str:
    others = len(ranking.order) - 1
    if ranking.kept is None:
        return "three runs are too few to leave one out"
    return f"the same in {ranking.kept} of {others} selections without one of the others"


def _criterion(text: str) -> str | dict[str, object]:
    """The type or the JSON object that is written on the command line."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        content: dict[str, object] = json.loads(text)
    except json.JSONDecodeError as error:
        raise click.UsageError(f"--by {text}: {error}") from None
    return content


def _check_link(run: Path, name: str) -> None:
    from gan_run.core.base.errors import GanRunError

    if Path(name).name != name:
        raise GanRunError(f"--link {name}: it is the name of a link beside the run, without a folder")
    path = _beside(run, name)
    if path.exists() and not path.is_symlink():
        raise GanRunError(f"--link {name}: {path} exists and is no symbolic link")


def _link(run: Path, name: str) -> None:
    """Make or replace the link. It is relative, so that the folder of runs can be moved."""
    path = _beside(run, name)
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(run.resolve(), path.parent.resolve()), target_is_directory=True)


def _beside(run: Path, name: str) -> Path:
    return run.absolute().parent / name
