"""`gan-run demo`: the explorer of a small trained run."""

from pathlib import Path

import click

from gan_run.cli.common import Plugins, with_plugins
from gan_run.cli.options import no_browser_option, port_option


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/demo"),
    show_default=True,
    help="The run folder that is made.",
)
@port_option
@no_browser_option
@with_plugins
def demo(plugins: Plugins, out: Path, port: int, no_browser: bool) -> None:
    """Turn the codes of a small run that is trained on MNIST and comes with the package. Nothing is downloaded.

    The run is copied to runs/demo, where the other commands take it too: `gan-run sample runs/demo`.
    """
    from gan_run.demo.copying import copy_demo
    from gan_run.explorer.serving import serve
    from gan_run.loading import load_run

    serve(load_run(copy_demo(out), plugins.registry, device="cpu"), "test", port, open_browser=not no_browser)
