"""`gan-run sample`: images of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, run_argument, with_plugins
from gan_run.cli.options import channels_option, checkpoint_option, ema_option, sampling_option

if TYPE_CHECKING:
    from gan_run.core.kinds.init_from import CheckpointName


@click.command()
@run_argument
@click.option("--n", type=click.IntRange(min=1), help="How many images; default: 64.")
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of the latents.")
@click.option(
    "--code",
    "codes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Hold a code: category=3, or #3 for the number where categories are named by numbers (repeatable).",
)
@click.option("--balance", metavar="CODE", help="Take the categories of CODE in turn.")
@click.option("--per-class", type=click.IntRange(min=1), metavar="N", help="N images of each category; see --balance.")
@click.option(
    "--codes",
    "codes_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A .csv or .npz file with an image per row, and its codes in columns; labels.csv draws the same images again.",
)
@click.option("--grid", nargs=2, metavar="CODE CODE", help="A grid in which two codes change and all else is held.")
@click.option(
    "--steps", type=click.IntRange(min=2), default=10, show_default=True, help="With --grid: values of a code."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("samples.png"),
    show_default=True,
    help="A picture (.png, .jpg, …), an array file (.npz), or a folder for one PNG per image and labels.csv.",
)
@checkpoint_option
@ema_option
@channels_option
@sampling_option
@with_plugins
def sample(
    plugins: Plugins,
    run: Path,
    n: int | None,
    seed: int,
    codes: tuple[str, ...],
    balance: str | None,
    per_class: int | None,
    codes_file: Path | None,
    grid: tuple[str, str] | None,
    steps: int,
    out: Path,
    checkpoint: "CheckpointName",
    ema: bool,
    channels: tuple[int, ...] | None,
    options: tuple[tuple[str, float], ...],
) -> None:
    """Draw images from RUN: a grid, an array file with images and latents, or a folder with a table of their codes.

    The i-th image depends on the seed, i and its codes alone.
    """
    from gan_run.core.run.category_names import weak_names
    from gan_run.loading import load_run
    from gan_run.sampling.code_grid import save_code_grid
    from gan_run.sampling.dataset import ask, balanced_code, write_samples
    from gan_run.sampling.writers import writer_for

    if grid is not None:
        _refuse("--grid", {"--n": n, "--balance": balance, "--per-class": per_class, "--codes": codes_file})
    if codes_file is not None:
        _refuse("--codes", {"--n": n, "--balance": balance, "--per-class": per_class})
    if per_class is not None:
        _refuse("--per-class", {"--n": n})
    writer_for(out)  # an error before the work
    loaded = load_run(run, plugins.registry, checkpoint, ema=ema)
    model = loaded.model
    given = _held(codes)
    held = model.code_values(given)
    named = [
        (dim, float(value))
        for (dim, value), text in zip(held.items(), given.values(), strict=True)
        if text == model.code_names.value_name(dim, float(value))
    ]
    for note in weak_names(model.code_names, named):
        click.echo(f"note: {note}", err=True)
    if grid is not None:
        rows, columns = (model.code_names.code_dim(model.latents, code) for code in grid)
        save_code_grid(
            model, out, rows, columns, steps=steps, seed=seed, held=held, options=dict(options), channels=channels
        )
    else:
        dim = None if balance is None and per_class is None else balanced_code(model, balance, "--balance")
        asked = ask(model, n, seed, held, dim, per_class, codes_file)
        for note in asked.notes:
            click.echo(f"note: {note}", err=True)
        write_samples(model, asked, out, channels, dict(options))
    click.echo(f"model of step {loaded.step}", err=True)
    click.echo(out)


def _refuse(option: str, others: dict[str, object]) -> None:
    for other, value in others.items():
        if value is not None:
            raise click.UsageError(f"{option} and {other} cannot be used together")


def _held(codes: tuple[str, ...]) -> dict[str, str]:
    held: dict[str, str] = {}
    for text in codes:
        name, equals, value = text.partition("=")
        if not equals or not value:
            raise click.UsageError(f"--code {text}: it is written as NAME=VALUE")
        if name in held:
            raise click.UsageError(f"--code {text}: {name} is given twice")
        held[name] = value
    return held
