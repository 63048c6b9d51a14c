"""Tensors in .safetensors files."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from stat import S_IMODE

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor


def save_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a .safetensors file with the permissions of any new file; safetensors gives them to its owner alone.

    Args:
        tensors: Contiguous tensors that share no memory.
        path: The file.
        metadata: Texts in its header.

    Raises:
        OSError: The file cannot be written.
    """
    path.touch()
    mode = S_IMODE(path.stat().st_mode)
    try:
        save_file(dict(tensors), path, metadata=None if metadata is None else dict(metadata))
    except SafetensorError as error:
        # The library reports errors of the system, such as a full disk, in its own class.
        if found := re.search(r"\(os error (\d+)\)", str(error)):
            raise OSError(int(found[1]), os.strerror(int(found[1])), str(path)) from error
        raise
    path.chmod(mode)
