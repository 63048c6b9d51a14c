"""The page of a run, and its server."""

from pydantic import JsonValue

from gan_run.core.base.errors import DataError
from gan_run.core.images.info import Split
from gan_run.encoding.encoded import EncodedImages
from gan_run.explorer.codes import describe_names
from gan_run.explorer.page import Page
from gan_run.explorer.real_images import encode_split
from gan_run.explorer.server import PageServer, Renaming
from gan_run.runs import LoadedRun


def real_images(run: LoadedRun, split: Split | None) -> tuple[EncodedImages | None, str]:
    """Real images with their codes, and what the page says of them.

    Args:
        run: The run.
        split: The split of its data; None for no images.
    """
    if split is None or not run.model.codes:
        return None, ""
    try:
        encoded = encode_split(run, split)
    except DataError as error:
        return None, f"; without real images ({error})"
    return encoded, f"; real images of the {split} split"


def page_of(run: LoadedRun, split: Split | None, served: bool) -> Page:
    """The page of a run. Raises as `Page.html` does when it is made."""
    encoded, note = real_images(run, split)
    return Page(run.model, run.spec.name, f"After {run.step:,} steps{note}", encoded, served)


def server_of(run: LoadedRun, split: Split | None, port: int) -> PageServer:
    """A server of the page of a run, which saves names in its labels.json. Raises as `Page.html` does."""

    def rename(wanted: Renaming) -> dict[str, JsonValue]:
        names = run.folder.code_names()
        dim = names.code_dim(run.model.latents, wanted.code)
        if wanted.category is None:
            names = names.with_name(run.model.latents, dim, wanted.name)
        else:
            names = names.with_value(run.model.latents, dim, wanted.category, wanted.name)
        run.folder.write_code_names(names)
        run.model.code_names = names
        return describe_names(run.model, dim)

    return PageServer(page_of(run, split, served=True).html(), rename, port)
