"""Tensors in .safetensors files."""

from collections.abc import Mapping
from pathlib import Path
from stat import S_IMODE

from safetensors.torch import save_file
from torch import Tensor


def save_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a .safetensors file with the permissions of any new file; safetensors gives them to its owner alone.

    Args:
        tensors: Contiguous tensors that share no memory.
        path: The file.
        metadata: Texts in its header.
    """
    path.touch()
    mode = S_IMODE(path.stat().st_mode)
    save_file(dict(tensors), path, metadata=None if metadata is None else dict(metadata))
    path.chmod(mode)
