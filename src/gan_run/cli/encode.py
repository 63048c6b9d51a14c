"""`gan-run encode`: the codes of images."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, run_argument, with_plugins
from gan_run.cli.options import checkpoint_option, moved_option

if TYPE_CHECKING:
    from gan_run.core.kinds.init_from import CheckpointName
    from gan_run.core.kinds.latent_space import CodeDim
    from gan_run.encoding.encoded import EncodedImages


@click.command()
@run_argument
@click.argument("source")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write a table: .csv, .npz or .parquet.")
@click.option("--features", is_flag=True, help="With --out: write the trunk's features too.")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Sort into a folder per category.")
@click.option("--by", metavar="CODE", help="With --into: the code; default: the only categorical one.")
@click.option("--copy", is_flag=True, help="With --into: copy the files; default: link to them.")
@click.option(
    "--sheets",
    type=click.Path(file_okay=False, path_type=Path),
    help="Draw a contact sheet per code: the images that are most surely of each category, and those at the extremes.",
)
@click.option(
    "--outliers", type=click.IntRange(min=1), metavar="N", help="Print the N images that are least like others."
)
@click.option("--array", default="images", show_default=True, help="The name of the array in an array file.")
@moved_option
@checkpoint_option
@with_plugins
def encode(
    plugins: Plugins,
    run: Path,
    source: str,
    out: Path | None,
    features: bool,
    into: Path | None,
    by: str | None,
    copy: bool,
    sheets: Path | None,
    outliers: int | None,
    array: str,
    moved: tuple[str, ...],
    checkpoint: "CheckpointName",
) -> None:
    """Read the codes of images by RUN's model, with their uncertainty.

    SOURCE is a folder of pictures, a picture, an array file (.npz, .npy, .safetensors, .h5), or a split of the run's
    data: train, validation or test. Images get the preprocessing of training. Without an option, codes.csv is written.
    """
    from gan_run.code_choice import categorical_dim
    from gan_run.core.base.files import check_new
    from gan_run.encoding.code_errors import unread_codes
    from gan_run.encoding.contact_sheets import write_contact_sheets
    from gan_run.encoding.encoded import encode_images
    from gan_run.encoding.sources import open_source
    from gan_run.loading import load_run
    from gan_run.tables import write_table, writer_of

    if out is None and not (into or sheets or outliers):
        out = Path("codes.csv")
    if out is not None:
        writer_of(out)  # an error before the work
    loaded = load_run(run, plugins.registry, checkpoint, moved=moved)
    sorted_by = None
    if into is not None:
        check_new(into)
        sorted_by = categorical_dim(loaded.model, loaded.model.code_dims(), by, "--by")
    images = open_source(loaded, source, array)
    encoded = encode_images(loaded.model, images, features or outliers is not None)
    for code, recovery in unread_codes(loaded.model).items():
        click.echo(f"note: Q does not recover {code} from generated images (recovery {recovery:.2f} of 1)", err=True)
    if out is not None:
        write_table(encoded.table(features), out)
        click.echo(out)
    if into is not None and sorted_by is not None:
        _sort(encoded, sorted_by, into, copy)
    if sheets is not None:
        for file in write_contact_sheets(encoded, sheets):
            click.echo(file)
    if outliers is not None:
        _print_outliers(encoded, outliers)


def _sort(encoded: "EncodedImages", dim: "CodeDim", into: Path, copy: bool) -> None:
    from gan_run.core.run.category_names import weak_names
    from gan_run.encoding.sorting import sort_images

    for name, count in sort_images(encoded, dim, into, copy=copy).items():
        click.echo(f"{into / name}  {count} images")
    categories = range(encoded.model.latents[dim.name].cardinality or 0)
    for note in weak_names(encoded.model.code_names, ((dim, category) for category in categories)):
        click.echo(f"note: {note}", err=True)


def _print_outliers(encoded: "EncodedImages", count: int) -> None:
    from gan_run.encoding.outliers import outlier_scores

    assert encoded.features is not None
    scores = outlier_scores(encoded.features)
    for row in scores.argsort(descending=True)[:count].tolist():
        click.echo(f"{scores[row]:.2f}  {encoded.images.names[row]}")
