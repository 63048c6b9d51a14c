"""`gan-run invert`: latents that reproduce images."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, run_argument, with_plugins
from gan_run.cli.options import checkpoint_option, moved_option

if TYPE_CHECKING:
    from gan_run.core.kinds.init_from import CheckpointName
    from gan_run.core.kinds.inversion import Inversion


@click.command()
@run_argument
@click.argument("images")
@click.option("--first", type=click.IntRange(min=1), metavar="N", help="Only the first N images.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write a table: .npz, .csv or .parquet.")
@click.option(
    "--grid",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.png",
    help="Draw the images and below each its reconstruction.",
)
@click.option(
    "--strips",
    type=click.Path(file_okay=False, path_type=Path),
    help="Draw a picture per image: the image, its reconstruction, and this with each code turned.",
)
@click.option(
    "--steps", type=click.IntRange(0, 10**6), default=300, show_default=True, help="Steps of gradient descent."
)
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of the noise to begin at.")
@click.option("--blind", is_flag=True, help="Begin at random codes, and not at those that Q reads.")
@click.option("--array", default="images", show_default=True, help="The name of the array in an array file.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, or auto: cuda where there is one.")
@moved_option
@checkpoint_option
@with_plugins
def invert(
    plugins: Plugins,
    run: Path,
    images: str,
    first: int | None,
    out: Path | None,
    grid: Path | None,
    strips: Path | None,
    steps: int,
    seed: int,
    blind: bool,
    array: str,
    device: str,
    moved: tuple[str, ...],
    checkpoint: "CheckpointName",
) -> None:
    """Find latents by which RUN's generator reproduces IMAGES.

    IMAGES is a folder of pictures, a picture, an array file (.npz, .npy, .safetensors, .h5), or a split of the run's
    data: train, validation or test. The search begins at the codes that Q reads. Without an option, inverted.npz is
    written, of which `gan-run sample RUN --codes inverted.npz` draws the reconstructions.
    """
    from gan_run.core.base.errors import DataError
    from gan_run.core.images.grid import why_not_shown
    from gan_run.encoding.inverted import invert_images
    from gan_run.encoding.sources import open_source
    from gan_run.loading import load_run
    from gan_run.tables import writer_of

    if out is None and not (grid or strips):
        out = Path("inverted.npz")
    if out is not None:
        writer_of(out)  # an error before the work
    loaded = load_run(run, plugins.registry, checkpoint, device, moved=moved)
    source = open_source(loaded, images, array)
    if (grid or strips) and (problem := why_not_shown(loaded.model.image)):
        raise DataError(problem)
    inverted = invert_images(loaded.model, source, first, steps, seed, blind)
    if out is not None:
        inverted.write_table(out)
        click.echo(out)
    if grid is not None:
        inverted.save_grid(grid)
        click.echo(grid)
    if strips is not None:
        for file in inverted.write_strips(strips):
            click.echo(file)
    _print_errors(inverted.found, loaded.model.codec.high - loaded.model.codec.low)


def _print_errors(found: "Inversion", width: float) -> None:
    click.echo(
        f"error {found.errors.mean():.3g} of {width:g}, at most {found.errors.max():.3g} (root mean square of pixels); "
        f"the start had {found.start_errors.mean():.3g}, the best of 64 random images {found.blind_errors.mean():.3g}"
    )
