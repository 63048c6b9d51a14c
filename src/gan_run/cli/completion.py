"""What a shell completes in arguments, from files alone: nothing heavy is imported while somebody types."""

from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem


def complete_run(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The run folders that begin so, with those in `runs`; else any folder."""
    found = [CompletionItem(run) for run in runs_near(incomplete) if run.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="dir")]


def runs_near(written: str) -> list[str]:
    """The run folders beside a path, and those in the folder `runs` there, in order."""
    folder = Path(written) if written.endswith("/") else Path(written).parent
    nearby = [path for place in (folder, folder / "runs") if place.is_dir() for path in place.iterdir()]
    return sorted(str(path) for path in nearby if (path / "spec.json").is_file())


def complete_recipe(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The recipes that begin so."""
    from gan_run.registry.recipes import recipes

    return _beginning(incomplete, recipes())


def complete_kind(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The kinds of components that begin so: those that plugins can be written for."""
    from gan_run.scaffold.project import KINDS

    return _beginning(incomplete, KINDS)


def _beginning(incomplete: str, names: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
