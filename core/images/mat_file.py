"""MATLAB's .mat files of version 5."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gan_run.core.base.files import check_file
from gan_run.core.images.downloads import damaged_file


def mat_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the shapes of the arrays in a .mat file, without their values.

    Args:
        path: The file.

    Returns:
        The shapes by name.

    Raises:
        DataError: The file is damaged.
    """
    # Imported here: scipy.io takes longer than the rest of this module, which every command imports.
    from scipy.io import whosmat

    check_file(path)
    try:
        return {name: tuple(shape) for name, shape, _ in whosmat(path)}
    except Exception as error:  # scipy documents no list of what it raises for a damaged file
        raise damaged_file(path, str(error)) from error


def read_mat(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Read arrays of a .mat file.

    Args:
        path: The file.
        names: The names of the arrays.

    Returns:
        Those of the arrays that the file has, by name.

    Raises:
        DataError: The file is damaged.
    """
    from scipy.io import loadmat

    check_file(path)
    try:
        content = loadmat(path, variable_names=list(names))
    except Exception as error:  # as above
        raise damaged_file(path, str(error)) from error
    return {name: content[name] for name in names if name in content}
