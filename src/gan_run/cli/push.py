"""`gan-run push`: publish a run on the Hugging Face hub."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, run_argument, with_plugins
from gan_run.cli.options import checkpoint_option

if TYPE_CHECKING:
    from gan_run.core.kinds.init_from import CheckpointName


@click.command()
@run_argument
@click.argument("repo", metavar="USER/REPO")
@click.option("--private", is_flag=True, help="Make a private repository; a public one is refused.")
@click.option("--revision", metavar="BRANCH", help="The branch to push to; default: the main one.")
@click.option("--license", "licence", metavar="NAME", help="The licence of the model, as the hub names it: apache-2.0.")
@checkpoint_option
@with_plugins
def push(
    plugins: Plugins,
    run: Path,
    repo: str,
    private: bool,
    revision: str | None,
    licence: str | None,
    checkpoint: "CheckpointName",
) -> None:
    """Publish RUN on the Hugging Face hub (the extra `hub`), with a model card.

    What is pushed: the weights of one checkpoint without the training state, the spec without callbacks and without the
    paths of this machine, the names of codes, what was measured, and pictures. HF_ENDPOINT names another hub.
    """
    from gan_run.hub.access import require_hub
    from gan_run.hub.pushing import push as push_run
    from gan_run.loading import load_run

    require_hub(repo)
    loaded = load_run(run, plugins.registry, checkpoint, device="cpu")
    if licence is None:
        click.echo("note: the card states no licence, so that others may not use the model: --license NAME", err=True)
    files, url = push_run(loaded, plugins.registry, repo, private=private, revision=revision, licence=licence)
    for file in files:
        click.echo(file)
    click.echo(f"{url}\ngan_run.load({repo!r}) and `gan-run pull {repo}` get it")
