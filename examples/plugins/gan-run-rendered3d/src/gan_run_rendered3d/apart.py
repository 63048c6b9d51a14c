"""Rendering in a process of its own.

Mesa, which draws where there is no graphics card, and Triton, which torch loads sooner or later, each bring an LLVM;
in one process they end it without a word.
"""

import subprocess
import sys
from typing import TYPE_CHECKING

from gan_run import DataError

if TYPE_CHECKING:
    from gan_run_rendered3d.source import RenderedSet

REFUSED = 3
"""Exit code of a renderer that says on standard output what is wrong with the data."""


def render_apart(source: "RenderedSet") -> None:
    """Render and keep what `source` declares. Raises DataError."""
    command = [sys.executable, "-m", "gan_run_rendered3d"]
    # Its standard error is ours: there the progress shows.
    process = subprocess.run(command, input=source.model_dump_json(), stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode == REFUSED:
        raise DataError(process.stdout.strip())
    if process.returncode != 0:
        raise DataError(
            f"the renderer ended with {process.returncode}; where there is no screen it needs Mesa's EGL (on Debian: "
            "libegl1 libegl-mesa0 libgl1-mesa-dri)"
        )
