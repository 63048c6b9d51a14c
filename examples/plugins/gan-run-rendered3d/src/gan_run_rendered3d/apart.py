"""Rendering in a subprocess.

Mesa, the software renderer, and Triton, which torch loads, each bring their own LLVM; a process that loads both
crashes without a message.
"""

import subprocess
import sys
from typing import TYPE_CHECKING

from gan_run import DataError

if TYPE_CHECKING:
    from gan_run_rendered3d.source import RenderedSet

REFUSED = 3
"""Exit code of a renderer that printed a DataError on standard output."""


def render_apart(source: "RenderedSet") -> None:
    """Render a dataset in a subprocess and store it in the source's folder.

    Args:
        source: The data source.

    Raises:
        DataError: The models cannot be read, the renderer crashed, or the folder is not writable.
    """
    command = [sys.executable, "-m", "gan_run_rendered3d"]
    # Standard error is inherited, so that progress is shown.
    process = subprocess.run(command, input=source.model_dump_json(), stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode == REFUSED:
        raise DataError(process.stdout.strip())
    if process.returncode != 0:
        raise DataError(
            f"the renderer exited with {process.returncode}; without a display it needs Mesa's EGL (on Debian: "
            "libegl1 libegl-mesa0 libgl1-mesa-dri)"
        )
