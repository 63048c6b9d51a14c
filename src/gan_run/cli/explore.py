"""`gan-run explore`: a page on which codes are turned."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, run_argument, with_plugins
from gan_run.cli.options import checkpoint_option, moved_option, no_browser_option, port_option, real_option

if TYPE_CHECKING:
    from gan_run.core.images.info import Split
    from gan_run.core.kinds.init_from import CheckpointName


@click.command()
@run_argument
@real_option
@port_option
@no_browser_option
@moved_option
@checkpoint_option
@with_plugins
def explore(
    plugins: Plugins,
    run: Path,
    real: "Split | None",
    port: int,
    no_browser: bool,
    moved: tuple[str, ...],
    checkpoint: "CheckpointName",
) -> None:
    """Open a page on which RUN's codes are turned, until Ctrl-C.

    The model runs in the browser. The page is served on this machine alone; the names that codes get there are written
    to RUN's labels.json. `gan-run export RUN --html FILE` writes the page as one file.
    """
    from gan_run.explorer.serving import serve
    from gan_run.loading import load_run

    loaded = load_run(run, plugins.registry, checkpoint, device="cpu", moved=moved)
    serve(loaded, real, port, open_browser=not no_browser)
