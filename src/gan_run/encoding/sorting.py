"""Images sorted into a folder for each category."""

import shutil
from collections import Counter
from pathlib import Path

import torch

from gan_run.core.base.files import check_new
from gan_run.core.images.grid import picture_of, save_png
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.encoding.encoded import EncodedImages


def sort_images(encoded: EncodedImages, dim: CodeDim, folder: Path, *, copy: bool) -> Counter[str]:
    """Put each image into the subfolder of its category: `folder/CATEGORY/NAME`.

    Args:
        encoded: The images. Of a folder, each file is linked to, or copied; of another source, PNG files are written.
        dim: The code.
        folder: A new or an empty folder.
        copy: Whether files are copied.

    Returns:
        The number of images in each subfolder, in the order of the categories; there is no folder of an empty one.

    Raises:
        DataError: The folder is not empty.
    """
    check_new(folder)
    categories = range(encoded.model.latents[dim.name].cardinality or 0)
    counts = Counter({category_folder(encoded, dim, category): 0 for category in categories})
    for row, category in enumerate(encoded.values(dim).tolist()):
        name = category_folder(encoded, dim, category)
        counts[name] += 1
        _put(encoded, row, folder / name, copy)
    return counts


def category_folder(encoded: EncodedImages, dim: CodeDim, category: int) -> str:
    """The name of a category as that of a folder."""
    return encoded.model.code_names.value_name(dim, category).replace("/", "_").lstrip(".") or "_"


def _put(encoded: EncodedImages, row: int, folder: Path, copy: bool) -> None:
    name = encoded.images.names[row]
    if encoded.images.files is None:
        target = folder / f"{name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        save_png(picture_of(encoded.images.read(torch.tensor([row]))[0]), target)
        return
    file, target = encoded.images.files[row], folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if copy:
        shutil.copy2(file, target)
    else:
        target.symlink_to(file.resolve())
