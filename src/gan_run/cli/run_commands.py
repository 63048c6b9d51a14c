"""Commands that use the model of a run: sample, traverse, evaluate."""

import json
from pathlib import Path

import click

from gan_run.cli.common import Plugins, json_option, set_option, with_plugins

run_argument = click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))


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
@click.option("--step", type=int, help="The step of the checkpoint; default: the last.")
@with_plugins
def sample(
    plugins: Plugins,
    run: Path,
    n: int,
    seed: int,
    codes: tuple[str, ...],
    out: Path | None,
    form: str | None,
    step: int | None,
) -> None:
    """Draw images from RUN: a grid as PNG, or uint8 images (N, C, H, W) as .npz."""
    from gan_run.cli.pictures import write_images
    from gan_run.runs import load

    chosen = form or ("npz" if out is not None and out.suffix == ".npz" else "png")
    target = out or Path(f"samples.{chosen}")
    held = dict(_held(code) for code in codes)
    images = load(run, registry=plugins.registry, step=step).sample(n, seed, held)
    write_images(images, target, chosen)
    click.echo(target)


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
) -> None:
    """Take each code of RUN through its values, everything else held, and write one strip of images per code."""
    from gan_run.core.base.randomness import isolated_rng
    from gan_run.core.run.traversal import Traversals
    from gan_run.runs import load_run

    model = load_run(run, plugins.registry).model
    names = [code if code in model.latents else str(model.code_names.code_dim(model.latents, code)) for code in codes]
    traversals = Traversals(codes=names or None, low=low, high=high, steps=steps, rows=rows, frames=frames)
    out.mkdir(parents=True, exist_ok=True)
    with isolated_rng("traverse", seed):
        for path in traversals.render(model, out / "traversal"):
            click.echo(path)


@click.command()
@run_argument
@set_option
@click.option("--step", type=int, help="The step of the checkpoint; default: the last.")
@json_option
@with_plugins
def evaluate(plugins: Plugins, run: Path, overrides: tuple[str, ...], step: int | None, as_json: bool) -> None:
    """Measure the metrics of RUN again, or others: --set 'metrics=[{"type": "information"}]'."""
    from gan_run.core.base.errors import SpecError
    from gan_run.core.kinds.data_source import Splits
    from gan_run.core.run.evaluation import measure
    from gan_run.runs import load_run, recorded_spec

    loaded = load_run(run, plugins.registry, step)
    spec = recorded_spec(loaded.folder, plugins.registry, overrides)
    info = loaded.folder.data_info() if spec.data == loaded.spec.data else spec.data.describe()
    if problems := spec.data_problems(info):
        raise SpecError(problems, str(run))
    found = measure(loaded.model, Splits(spec.data), spec.metrics, spec.seed)
    if as_json:
        click.echo(json.dumps({"step": loaded.step, "metrics": found}, indent=2))
        return
    for each in found:
        settings = each["metric"]
        assert isinstance(settings, dict)
        click.echo(f"{settings['type']} after {loaded.step} steps")
        click.echo(json.dumps(each["found"], indent=2))


def _held(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not value:
        raise click.UsageError(f"--code {text}: it is written as NAME=VALUE")
    return name, value
