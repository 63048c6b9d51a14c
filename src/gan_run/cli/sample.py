"""`gan-run sample`: images of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, run_argument, with_plugins
from gan_run.cli.options import channels_option, checkpoint_option, sampling_option

if TYPE_CHECKING:
    from gan_run.runs import CheckpointName


@click.command()
@run_argument
@click.option("--n", type=click.IntRange(min=1), default=64, show_default=True, help="How many images.")
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of the latents.")
@click.option(
    "--code",
    "codes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Hold a code: category=3, or #3 for the number where categories are named by numbers (repeatable).",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Default: samples.png or samples.npz.")
@click.option("--format", "form", type=click.Choice(["png", "npz"]), help="Default: what --out ends in, else png.")
@checkpoint_option
@channels_option
@sampling_option
@with_plugins
def sample(
    plugins: Plugins,
    run: Path,
    n: int,
    seed: int,
    codes: tuple[str, ...],
    out: Path | None,
    form: str | None,
    checkpoint: "CheckpointName",
    channels: tuple[int, ...] | None,
    options: tuple[tuple[str, float], ...],
) -> None:
    """Draw images from RUN: a grid as PNG, or images (N, C, H, W) as .npz, in the type and range of the data."""
    from gan_run.cli.pictures import write_images
    from gan_run.runs import load

    chosen = form or ("npz" if out is not None and out.suffix == ".npz" else "png")
    target = out or Path(f"samples.{chosen}")
    held = dict(_held(code) for code in codes)
    model = load(run, registry=plugins.registry, checkpoint=checkpoint)
    write_images(model.sample(n, seed, held, dict(options)), target, chosen, model.codec, channels)
    click.echo(target)


def _held(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not value:
        raise click.UsageError(f"--code {text}: it is written as NAME=VALUE")
    return name, value
