"""What of a page takes time to make, kept in the run folder: the networks, and what they say of real images.

RUN/explorer/description.json       all that the page knows of the model but names
             generator.onnx.gz      in half precision
             encoder.onnx.gz
"""

import gzip
import json
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from pydantic import JsonValue

from gan_run.core.base.errors import DataError
from gan_run.core.base.files import to_json, write_bytes, write_text
from gan_run.core.images.info import Split
from gan_run.encoding.encoded import EncodedImages
from gan_run.explorer.description import describe
from gan_run.explorer.half_precision import store_in_half_precision
from gan_run.explorer.real_images import encode_split
from gan_run.export.tracing import Traced, trace
from gan_run.export.writing import onnx_differences, write_onnx
from gan_run.loading import LoadedRun

CLOSE = 4 / 255
"""The largest change of an output by half precision: two levels of a pixel, whose range is 2."""
FORMAT = 1
"""Of the description. The scripts of the page read it."""


class PageParts(NamedTuple):
    """Parts of a page."""

    description: dict[str, JsonValue]
    networks: dict[str, bytes]
    """`generator`, and `encoder` if there are codes: an ONNX file each, gzipped."""


def parts_of(run: LoadedRun, split: Split | None) -> PageParts:
    """The parts of a run's page, from its folder if they were kept there.

    Args:
        run: The run, whose model is on the CPU.
        split: The split whose images the page shows; None for none.

    Raises:
        DataError: A network cannot be exported.
    """
    folder = run.folder.path / "explorer"
    made_from: dict[str, JsonValue] = {"format": FORMAT, "weights": run.weights, "split": split}
    kept = _read(folder, made_from)
    if kept is not None:
        return kept
    traced = trace(run.model)
    wanted = split if run.model.codes else None
    encoded = None if wanted is None else _real_images(run, wanted)
    note = "" if encoded is None else f"; real images: {split} split"
    description = {**describe(run.model, traced, encoded), "note": note, "madeFrom": made_from}
    parts = PageParts(description, {one.name: _network(one) for one in traced})
    if (encoded is None) == (wanted is None):  # else the data may be there another time
        _keep(parts, folder)
    return parts


def _read(folder: Path, made_from: dict[str, JsonValue]) -> PageParts | None:
    """What was kept, if it was made from the same."""
    try:
        description = json.loads((folder / "description.json").read_text(encoding="utf-8"))
        if description["madeFrom"] != made_from:
            return None
        names = [name for name in ("generator", "encoder") if description[name] is not None]
        return PageParts(description, {name: (folder / f"{name}.onnx.gz").read_bytes() for name in names})
    except (OSError, ValueError, KeyError, TypeError):  # absent or damaged: it is made anew
        return None


def _network(traced: Traced) -> bytes:
    """In half precision, unless that changes its outputs visibly."""
    with TemporaryDirectory() as folder:
        file = write_onnx(traced, Path(folder))
        whole = file.read_bytes()
        store_in_half_precision(file)
        close = all(apart <= CLOSE for apart in onnx_differences(file, traced).values())
        return gzip.compress(file.read_bytes() if close else whole, mtime=0)


def _real_images(run: LoadedRun, split: Split) -> EncodedImages | None:
    """Real images with their codes; None, with a warning, where the data is not there."""
    try:
        return encode_split(run, split)
    except DataError as error:
        warnings.warn(f"the page has no real images: {error}", stacklevel=2)
        return None


def _keep(parts: PageParts, folder: Path) -> None:
    """The description is written last: with it the parts are complete."""
    try:
        folder.mkdir(exist_ok=True)
        (folder / "description.json").unlink(missing_ok=True)
        for name, content in parts.networks.items():
            write_bytes(folder / f"{name}.onnx.gz", content)
        write_text(folder / "description.json", to_json(parts.description))
    except OSError:  # the run folder may be one that cannot be written to
        return
