"""`gan-run pull`: get a published run from the Hugging Face hub."""

from pathlib import Path

import click

from gan_run.cli.common import Plugins, with_plugins


@click.command()
@click.argument("repo", metavar="USER/REPO")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), metavar="RUN", help="The run folder; default: runs/REPO."
)
@click.option("--revision", metavar="REVISION", help="The branch, tag or commit; default: the latest.")
@with_plugins
def pull(plugins: Plugins, repo: str, out: Path | None, revision: str | None) -> None:
    """Make a run folder of a model on the Hugging Face hub (the extra `hub`), without training state.

    Only JSON, safetensors, pictures and the model card are taken: nothing of a repository is executed.
    """
    from gan_run.hub.pulling import pull as pull_run

    run = pull_run(repo, out or Path("runs", repo.partition("/")[2]), revision)
    click.echo(f"{run}\nsample it: gan-run sample {run}")
