"""Images sorted into a folder for each category."""

import shutil
from collections import Counter
from pathlib import Path

import torch

from gan_run.core.base.errors import CodeError, DataError
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
        The number of images in each subfolder.

    Raises:
        DataError: The folder is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty: name a new folder")
    counts: Counter[str] = Counter()
    for row, category in enumerate(encoded.values(dim).tolist()):
        name = category_folder(encoded, dim, category)
        counts[name] += 1
        _put(encoded, row, folder / name, copy)
    return counts


def category_folder(encoded: EncodedImages, dim: CodeDim, category: int) -> str:
    """The name of a category as that of a folder."""
    return encoded.model.code_names.value_title(dim, category).replace("/", "_")


def categorical_dim(encoded: EncodedImages, code: str | None) -> CodeDim:
    """The code that images are sorted by.

    Args:
        encoded: The images.
        code: Its name, or the name that a user gave it; None for the only one.

    Raises:
        NotFoundByName: No code has this name.
        CodeError: It has no categories; or none is named, and there is not exactly one.
    """
    if code is not None:
        dim = encoded.model.code_names.code_dim(encoded.model.latents, code)
        if dim not in encoded.dims or not encoded.is_categorical(dim):
            raise CodeError(f"{code!r} is no categorical code that is read off images")
        return dim
    dims = [dim for dim in encoded.dims if encoded.is_categorical(dim)]
    if len(dims) != 1:
        there_are = ", ".join(map(str, dims)) or "none"
        raise CodeError(f"images are sorted by one categorical code, and there are {there_are}: name it with --by")
    return dims[0]


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
