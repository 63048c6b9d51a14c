"""Serves the page of a run, and saves names in its labels.json."""

import webbrowser

import click
from pydantic import JsonValue

from gan_run.core.base.errors import GanRunError
from gan_run.core.images.info import Split
from gan_run.explorer.codes import describe_names
from gan_run.explorer.page import Page
from gan_run.explorer.server import PageServer, Renaming
from gan_run.loading import LoadedRun


def serve(run: LoadedRun, split: Split | None, port: int, open_browser: bool) -> None:
    """Serve the page of a run until Ctrl-C. Raises as `server_of` does."""
    with server_of(run, split, port) as server:
        click.echo(f"{server.url}  (Ctrl-C ends it)")
        if open_browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo()


def server_of(run: LoadedRun, split: Split | None, port: int) -> PageServer:
    """A server of the page of a run, which saves names in its labels.json.

    Raises:
        GanRunError: The page cannot be made (`Page.html`), or the port cannot be used.
    """

    def rename(wanted: Renaming) -> dict[str, JsonValue]:
        names = run.folder.code_names()
        dim = names.code_dim(run.model.latents, wanted.code)
        if wanted.category is None:
            names = names.with_name(run.model.latents, dim, wanted.name, run.step)
        else:
            names = names.with_value(run.model.latents, dim, wanted.category, wanted.name, run.step)
        run.folder.write_code_names(names)
        run.model.code_names = names
        return describe_names(run.model, dim)

    page = Page(run, split, served=True).html()
    try:
        return PageServer(page, rename, port)
    except OSError as error:
        raise GanRunError(f"port {port} cannot be used ({error}): --port 0 takes a free one") from None
