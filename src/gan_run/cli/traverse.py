"""`gan-run traverse`: strips of images, along each code of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, run_argument, with_plugins
from gan_run.cli.options import channels_option, checkpoint_option, ema_option, sampling_option

if TYPE_CHECKING:
    from gan_run.core.kinds.init_from import CheckpointName


@click.command()
@run_argument
@click.option("--code", "codes", multiple=True, metavar="NAME", help="Only these codes (repeatable).")
@click.option("--low", type=float, help="The first value; default: the code's own range.")
@click.option("--high", type=float, help="The last value.")
@click.option("--steps", type=click.IntRange(min=2), default=10, show_default=True, help="Values of each code.")
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Rows of images, each with noise of its own.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of the latents.")
@click.option("--gif", "frames", type=click.IntRange(min=2), metavar="FRAMES", help="Also write a GIF of each code.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=".", help="The folder for the pictures."
)
@checkpoint_option
@ema_option
@channels_option
@sampling_option
@with_plugins
def traverse(
    plugins: Plugins,
    run: Path,
    codes: tuple[str, ...],
    low: float | None,
    high: float | None,
    steps: int,
    rows: int,
    seed: int,
    frames: int | None,
    out: Path,
    checkpoint: "CheckpointName",
    ema: bool,
    channels: tuple[int, ...] | None,
    options: tuple[tuple[str, float], ...],
) -> None:
    """Take each code of RUN through its values, everything else held, and write one strip of images per code."""
    from gan_run.core.base.errors import GanRunError
    from gan_run.core.base.randomness import isolated_rng
    from gan_run.core.run.traversal import Traversals
    from gan_run.loading import load_run

    loaded = load_run(run, plugins.registry, checkpoint, ema=ema)
    model = loaded.model
    if not codes and not model.codes:
        raise GanRunError(f"{run} has no codes: --code names a latent to traverse, such as {next(iter(model.latents))}")
    names = list(map(str, model.code_names.code_dims(model.latents, codes)))
    traversals = Traversals(
        codes=names or None,
        low=low,
        high=high,
        steps=steps,
        rows=rows,
        frames=frames,
        channels=channels,
        options=dict(options),
    )
    out.mkdir(parents=True, exist_ok=True)
    click.echo(f"model of step {loaded.step}", err=True)
    with isolated_rng("traverse", seed):
        for path in traversals.render(model, out / "traversal"):
            click.echo(path)
