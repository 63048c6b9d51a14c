"""The runs that are compared, and what they are called."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from gan_run.core.run.options import Plugins
from gan_run.core.run.run_folder import RunFolder
from gan_run.results.run import Run

RunLike = Run | Path | str
"""A run, its folder, or a folder of run folders, which stands for all of them."""


def opened_runs(given: Iterable[RunLike] | RunLike, registry: Plugins) -> list[Run]:
    """Open runs, each once, whichever links lead to it.

    Args:
        given: Runs, run folders, or folders of run folders; or one of these.
        registry: The installed plugins.

    Returns:
        The runs, in the order in which they are first given. Of a link and the folder itself, the folder is taken.

    Raises:
        RunError: A folder is no run and holds none.
    """
    runs: dict[Path, Run] = {}
    for each in [given] if isinstance(given, (Run, Path, str)) else given:
        for run in _opened(each, registry):
            target = run.path.resolve()
            if target not in runs or runs[target].path.is_symlink():
                runs[target] = run
    return [*runs.values()]


def named_runs(given: Iterable[RunLike] | RunLike, registry: Plugins) -> dict[str, Run]:
    """Open runs as `opened_runs` does, and name them.

    Args:
        given: Runs, run folders, or folders of run folders; or one of these.
        registry: The installed plugins.

    Returns:
        The runs by the name of their folder; where two folders have one name, with the folders above that tell them
        apart.

    Raises:
        RunError: A folder is no run and holds none.
    """
    runs = {run.path.resolve(): run for run in opened_runs(given, registry)}
    deepest = max((len(path.parts) for path in runs), default=0)
    for count in range(1, deepest + 1):
        names = ["/".join(path.parts[-count:]) for path in runs]
        if len({*names}) == len(names):
            return dict(zip(names, runs.values(), strict=True))
    return {}


def name_in_common(names: list[str]) -> str:
    """What to call several runs: small-seed-* for small-seed-3 and small-seed-4."""
    if len(names) == 1:
        return names[0]
    prefix = os.path.commonprefix(names)  # noqa: RUF071  # of names, not of paths
    common = re.sub(r"[^-_./]*$", "", prefix)
    return f"{common}*" if common else f"{names[0]} and {len(names) - 1} more"


def _opened(given: RunLike, registry: Plugins) -> Iterator[Run]:
    if isinstance(given, Run):
        yield given
        return
    path = Path(given)
    inner = [] if RunFolder(path).spec_file.exists() or not path.is_dir() else list(path.iterdir())
    held = [each for each in inner if RunFolder(each).spec_file.exists()]
    if not held:
        yield Run(path, registry=registry)  # raises RunError if it is none
    for each in sorted(held, key=_natural):
        yield Run(each, registry=registry)


def _natural(path: Path) -> list[tuple[float, str]]:
    """Sorts seed-10 after seed-9, and lr-0.001 after lr-0.0003."""
    texts_and_numbers = re.split(r"(\d+(?:\.\d+)?(?:e-?\d+)?)", path.name)
    return [(float(part), "") if number % 2 else (-1, part) for number, part in enumerate(texts_and_numbers)]
