"""The images that are encoded: a split of the run's data, a folder, a picture, or an array file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from torch import Tensor

from gan_run.core.base.errors import DataError, UnreadableError
from gan_run.core.base.files import cache_folder
from gan_run.core.images.array_formats import FORMATS, array_file
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import Split
from gan_run.core.images.picture_files import list_pictures, log_left_out, read_pictures
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.model import Model
from gan_run.loading import LoadedRun

SPLITS: tuple[Split, ...] = get_args(Split)


class SourceImages(NamedTuple):
    """N images."""

    names: Sequence[str]
    """A name for each: its path in the folder, or its number."""
    files: Sequence[Path] | None
    """The picture file of each; None where images are not picture files."""
    read: Callable[[Tensor], Tensor]
    """Some of the images, by rows, int64 (M,): float (M, C, H, W) in [-1, 1]."""


def open_source(run: LoadedRun, source: str, array: str = "images") -> SourceImages:
    """The images of a source.

    Args:
        run: The run, whose preprocessing images get.
        source: A split of its data; or the path of a folder of pictures, of a picture, or of an array file.
        array: The name of the array in an array file.

    Returns:
        The images. Unreadable pictures of a folder are left out, with a line in the log.

    Raises:
        DataError: There is no such source, or it cannot be read.
    """
    for split in SPLITS:
        if source == split:
            return _of_set(Splits(run.spec.data)[split])
    path = Path(source)
    if path.suffix in FORMATS:
        return _of_array(run.model, path, array)
    if path.is_dir():
        names = [str(name) for name in list_pictures(path)]
        log_left_out(path)
        return _of_pictures(run.model, path, names)
    if path.is_file():
        try:
            return _of_pictures(run.model, path.parent, [path.name])
        except UnreadableError as error:
            *others, last = FORMATS
            raise DataError(f"{error}; an array file ends in {', '.join(others)} or {last}") from None
    raise DataError(f"{source} is neither a file, nor a folder, nor a split of the data ({', '.join(SPLITS)})")


def _of_set(images: ImageSet) -> SourceImages:
    names = images.names or [str(row) for row in range(images.count)]
    return SourceImages(names, None, lambda rows: images.batch(rows).images)


def _of_pictures(model: Model, root: Path, names: Sequence[str]) -> SourceImages:
    decoder = model.reader.decoder
    if decoder is None:
        raise DataError(
            f"{root}: the images of this run ({model.image}) are not stored as pictures of 8 bits per channel are: "
            "give an array file"
        )
    alone = len(names) == 1
    found = read_pictures(root, names, decoder, cache_folder("images"), skip_unreadable=not alone)
    assert found.names is not None
    return _of_set(found)._replace(files=[root / name for name in found.names])


def _of_array(model: Model, path: Path, array: str) -> SourceImages:
    stored = array_file(path).read(array)
    try:
        images = model.reader.read(stored)
        model.reader.warn_of_scale(stored)
    except DataError as error:
        raise DataError(f"{path}: {array!r}: {error}") from None
    return SourceImages([str(row) for row in range(len(images))], None, lambda rows: images[rows])
