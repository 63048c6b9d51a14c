"""`gan-run export`: a run's model as files for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, run_argument, with_plugins
from gan_run.cli.options import checkpoint_option, moved_option, real_option

if TYPE_CHECKING:
    from gan_run.core.images.info import Split
    from gan_run.core.kinds.init_from import CheckpointName


@click.command()
@run_argument
@click.option("--onnx", is_flag=True, help="generator.onnx and encoder.onnx (the extra onnx).")
@click.option("--torch", "torch_", is_flag=True, help="generator.pt2 and encoder.pt2, programs of torch.export.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="The explorer as one file: page.html.")
@click.option("--weights", is_flag=True, help="weights.safetensors, for the networks in plain torch.")
@click.option(
    "--model",
    "small",
    type=click.Path(file_okay=False, path_type=Path),
    help="The run in a new folder, without training state, for `gan_run.load` and the commands that use a model.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("export"),
    show_default=True,
    help="A new folder.",
)
@real_option
@moved_option
@checkpoint_option
@with_plugins
def export(
    plugins: Plugins,
    run: Path,
    onnx: bool,
    torch_: bool,
    html: Path | None,
    weights: bool,
    small: Path | None,
    out: Path,
    real: "Split | None",
    moved: tuple[str, ...],
    checkpoint: "CheckpointName",
) -> None:
    """Write RUN's generator and encoder as files that need no gan-run, with a README that shows their use.

    Or write them as a page (--html), or as a run folder without training state (--model).

    The generator takes the values of all latents; the encoder gives the codes of images with their uncertainty. Each
    file is read again, and its outputs are compared with the model's.
    """
    from gan_run.core.base.files import check_new
    from gan_run.explorer.page import Page
    from gan_run.export.description import write_json, write_readme
    from gan_run.export.tracing import trace
    from gan_run.export.weights import write_weights
    from gan_run.export.writing import WRITERS
    from gan_run.hub.publishing import write_published
    from gan_run.loading import load_run

    forms = [name for name, wanted in (("onnx", onnx), ("torch", torch_), ("weights", weights)) if wanted]
    if not forms and html is None and small is None:
        raise click.UsageError("what is to be written? --onnx, --torch, --weights, --html or --model")
    for folder in [*([out] if forms else []), *([small] if small else [])]:
        check_new(folder)
    loaded = load_run(run, plugins.registry, checkpoint, device="cpu", moved=moved)
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(Page(loaded, real, served=False).html(), encoding="utf-8")
        click.echo(html)
    if small is not None:
        small.mkdir(parents=True, exist_ok=True)
        write_published(loaded, plugins.registry, small)
        click.echo(small)
    if not forms:
        return
    out.mkdir(parents=True, exist_ok=True)
    traced = trace(loaded.model) if {*forms} - {"weights"} else []
    for form in forms:
        files = [WRITERS[form](one, out) for one in traced] if form in WRITERS else [write_weights(loaded.model, out)]
        for file in files:
            click.echo(file)
    click.echo(write_json(loaded.model, traced, loaded.step, out))
    click.echo(write_readme(loaded.model, traced, forms, out))
