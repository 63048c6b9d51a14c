"""Names of runs that belong together: those of several seeds, and those of a sweep."""

from pathlib import Path

SWEEP = "-sweep"


def name_with_seed(name: str, seed: int) -> str:
    """The name of one of several runs of a spec that differ in their seed: `NAME-seed-SEED`."""
    return f"{name}-seed-{seed}"


def sweep_folder(out: Path, name: str) -> Path:
    """The folder of the runs of a spec's sweep: `out/NAME-sweep`."""
    return out / f"{name}{SWEEP}"


def group_of(folder: Path, name: str, seed: int) -> str:
    """What a run and those that belong to it are called together.

    Args:
        folder: The run folder.
        name: The spec's name.
        seed: The spec's seed.

    Returns:
        The name of the sweep's folder; else the spec's name, without the seed that `--seeds` appends.
    """
    if folder.parent.name.endswith(SWEEP):
        return folder.parent.name
    return name.removesuffix(name_with_seed("", seed))
