"""Array files for the tests of their sources."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file


@pytest.fixture(params=["npz", "compressed", "safetensors", "h5"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """Writes named arrays to a file of each format."""

    def write(**arrays: np.ndarray) -> Path:
        if request.param == "safetensors":
            path = tmp_path / "set.safetensors"
            save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
            return path
        if request.param == "h5":
            with h5py.File(tmp_path / "set.h5", "w") as file:
                for name, array in arrays.items():
                    file[name] = array
            return tmp_path / "set.h5"
        path = tmp_path / "set.npz"
        (np.savez if request.param == "npz" else np.savez_compressed)(path, **arrays)
        return path

    return write
