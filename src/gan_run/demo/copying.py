"""The package's run, as a run folder of the user's own."""

import shutil
from pathlib import Path

from gan_run.core.base.errors import DataError

PACKAGED = Path(__file__).parent / "run"
"""`benchmarks/make_demo.py` makes it."""


def copy_demo(target: Path) -> Path:
    """Copy the demo run, unless it is there from an earlier call.

    Args:
        target: The run folder.

    Returns:
        The run folder.

    Raises:
        DataError: `target` is another run, or cannot be written.
    """
    spec = "spec.json"
    if (target / spec).exists():
        if (target / spec).read_bytes() != (PACKAGED / spec).read_bytes():
            raise DataError(f"{target} is another run: --out names a folder for the demo")
        return target
    try:
        shutil.copytree(PACKAGED, target, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise DataError(f"{target}: the demo cannot be copied there ({error})") from None
    return target
