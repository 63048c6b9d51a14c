"""`gan-run sample`: images of a run."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, run_argument, with_plugins
from gan_run.cli.options import channels_option, checkpoint_option, sampling_option

if TYPE_CHECKING:
    from torch import Tensor

    from gan_run.core.kinds.latent_space import CodeDim
    from gan_run.core.kinds.numbered_samples import Wanted
    from gan_run.runs import CheckpointName, LoadedRun


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
    metavar="FILE.csv",
    help="One image per row, with the codes in its columns; labels.csv draws the same images again.",
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
    channels: tuple[int, ...] | None,
    options: tuple[tuple[str, float], ...],
) -> None:
    """Draw images from RUN: a grid, an array file with images and latents, or a folder with a table of their codes.

    The i-th image depends on the seed, i and its codes alone.
    """
    from gan_run.runs import load_run
    from gan_run.sampling.code_grid import save_code_grid

    loaded = load_run(run, plugins.registry, checkpoint)
    model = loaded.model
    held = model.code_values(_held(codes))
    if grid is not None:
        _refuse("--grid", {"--n": n, "--balance": balance, "--per-class": per_class, "--codes": codes_file})
        rows, columns = (model.code_names.code_dim(model.latents, code) for code in grid)
        save_code_grid(
            model, out, rows, columns, steps=steps, seed=seed, held=held, options=dict(options), channels=channels
        )
    else:
        asked = _asked(loaded, n, seed, held, balance, per_class, codes_file)
        _write(loaded, asked, out, channels, dict(options))
    click.echo(out)


@dataclass(frozen=True)
class _Asked:
    """The samples that a command line asks for."""

    count: int
    samples: "Iterable[Wanted]"


def _asked(
    loaded: "LoadedRun",
    n: int | None,
    seed: int,
    held: "dict[CodeDim, Tensor]",
    balance: str | None,
    per_class: int | None,
    codes_file: Path | None,
) -> _Asked:
    from gan_run.code_choice import categorical_dim
    from gan_run.sampling.requests import new_samples, read_codes
    from gan_run.sampling.trained_range import outside_training

    model = loaded.model
    rows = None if codes_file is None else read_codes(codes_file, model, seed)
    for note in outside_training(model, [held, *(row.codes for row in rows or [])]):
        click.echo(f"note: {note}", err=True)
    if rows is not None:
        _refuse("--codes", {"--n": n, "--balance": balance, "--per-class": per_class})
        return _Asked(len(rows), [row._replace(codes={**held, **row.codes}) for row in rows])
    dim = None
    if balance is not None or per_class is not None:
        dims = model.latents.code_dims(name for name in model.latents if not model.latents[name].value_shape)
        dim = categorical_dim(model, dims, balance, "--balance")
    if per_class is not None:
        assert dim is not None
        _refuse("--per-class", {"--n": n})
        n = per_class * (model.latents[dim.name].cardinality or 1)
    count = 64 if n is None else n
    return _Asked(count, new_samples(model, count, seed, held, dim))


def _write(
    loaded: "LoadedRun", asked: _Asked, out: Path, channels: tuple[int, ...] | None, options: dict[str, float]
) -> None:
    from gan_run.core.base.progress import track_progress
    from gan_run.sampling.writers import writer_for

    model = loaded.model
    conditions = [name for name, latent in loaded.spec.latents.items() if latent.observed_columns()]
    numbers = [name for name in dict.fromkeys((*model.codes, *conditions)) if not model.latents[name].value_shape]
    writer = writer_for(out)(out, model, asked.count, model.latents.code_dims(numbers), channels)
    samples = track_progress(asked.samples, f"drawing {asked.count} images", asked.count)
    writer.write(model.numbered_samples(samples, options))


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
