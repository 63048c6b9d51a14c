"""What faults do to runs: the harness of tests/faults at the size of docs/reliability.md.

    python benchmarks/reliability.py kills [--count 200]
    python benchmarks/reliability.py damage | disk | full | pairs | files | specs | commands

Needs the repository and the extra `test`. Each part prints its figures, and what went wrong; it exits with 1 if
something did. `disk` mounts a small disk in memory, which takes the rights to do so.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

TESTS = Path(__file__).resolve().parents[1] / "tests"
Figures = Mapping[str, object]


def trials(module: str, name: str) -> Callable[..., Any]:  # tests are no package, and have their types checked apart
    """A function of the harness."""
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def figures(module: str, name: str, *arguments: object) -> Figures:
    """What a function of the harness has counted."""
    found: Figures = vars(trials(module, name)(*arguments))
    return found


def kills(count: int, folder: Path) -> Figures:
    """Kill trainings, so many times."""
    return figures("kills", "kill_trials", count, folder / "trial")


def damage(count: int, folder: Path) -> Figures:
    """Flip so many bytes, cut a fifth as many files short, and delete each file once."""
    from gan_run.registry.plugins import load_plugins

    return figures("damage", "damage_trials", count, count // 5, folder / "trial", load_plugins())


def disk(count: int, folder: Path) -> Figures:
    """Train so many times with too little room on the disk."""
    with trials("full_disk", "small_disk")(folder / "disk") as mounted:
        return figures("full_disk", "disk_trials", count, mounted)


def full(count: int, folder: Path) -> Figures:
    """Train on a disk that is full from each file of a run on."""
    return figures("full_disk", "file_trials", count, folder / "trial")


def pairs(count: int, folder: Path) -> Figures:
    """Give each pair of commands at once, so many times."""
    found = trials("two_commands", "pair_trials")(count, folder / "trial")
    lines = {name: f"{each.tries} tries, both {each.both}, one {each.refused}" for name, each in found.items()}
    return {**lines, "mixed": [line for each in found.values() for line in each.mixed]}


def files(count: int, folder: Path) -> Figures:
    """Read odd files of every data source."""
    return figures("odd_files", "odd_file_trials", folder)


def specs(count: int, folder: Path) -> Figures:
    """Read so many mutated specs, of which 300 take a step."""
    from gan_run.registry.plugins import load_plugins

    found = trials("mutation_trials", "mutation_trials")(count, 300, load_plugins())
    return {**vars(found), "megabytes": found.megabytes}


def commands(count: int, folder: Path) -> Figures:
    """Give so many mutated specs to `gan-run check`."""
    from gan_run.registry.plugins import load_plugins

    return figures("mutation_trials", "command_trials", count, folder / "trial", load_plugins())


PARTS: Mapping[str, tuple[Callable[[int, Path], Figures], int]] = {
    "kills": (kills, 200),
    "damage": (damage, 500),
    "disk": (disk, 20),
    "full": (full, 1000),
    "pairs": (pairs, 50),
    "files": (files, 0),
    "specs": (specs, 10_000),
    "commands": (commands, 200),
}
"""What measures each part, and how many tries there are by default."""


def main() -> None:
    """Measure a part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--count", type=int, help="how many tries")
    arguments = parser.parse_args()
    sys.path[:0] = [str(TESTS / "support"), str(TESTS / "faults")]
    measure, count = PARTS[arguments.part]
    with TemporaryDirectory() as folder:
        found = measure(arguments.count or count, Path(folder))
    mistakes = [line for value in found.values() if isinstance(value, list) for line in value]
    for name, value in found.items():
        if not isinstance(value, list):
            print(f"{name}: {', '.join(sorted(value)) if isinstance(value, set) else value}")
    print(f"wrong: {len(mistakes)}")
    for line in mistakes:
        print(f"  {line}")
    sys.exit(bool(mistakes))


if __name__ == "__main__":
    main()
