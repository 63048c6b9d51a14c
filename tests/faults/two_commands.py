"""Two commands at once: whatever they are, no folder holds files of two runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trial import NAME, Trial, differences, new_trial, renewed

SEEDS = (0, 1)
AUTO = ("--set", "train.precision=auto")
OTHER = ("--set", "seed=1")
TRAIN = ("spec.json",)
FRESH = ("spec.json", "--fresh")
RESUME = ("train", "--resume", f"runs/{NAME}")
SAMPLE = ("sample", f"runs/{NAME}", "--n", "4", "--out", "samples.npz")
PAIRS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "the same spec twice": (TRAIN, TRAIN),
    "two specs": (TRAIN, (*TRAIN, *OTHER)),
    "two specs, precision auto": ((*TRAIN, *AUTO), (*TRAIN, *AUTO, *OTHER)),
    "a spec, and the same --fresh": (TRAIN, FRESH),
    "a spec --fresh twice": (FRESH, FRESH),
    "two specs --fresh": (FRESH, (*FRESH, *OTHER)),
    "a spec, and --resume of its folder": (TRAIN, RESUME),
    "a spec, and sample of its folder": (TRAIN, SAMPLE),
}


@dataclass
class PairFigures:
    """What became of two commands at once."""

    tries: int = 0
    both: int = 0
    """How often both did what they were to do."""
    refused: int = 0
    """How often one was refused, since the other had the folder."""
    mixed: list[str] = field(default_factory=list)
    """Folders whose files are those of no undisturbed run, and commands that failed otherwise."""


def pair_trials(tries: int, folder: Path, pairs: Sequence[str] = tuple(PAIRS)) -> dict[str, PairFigures]:
    """Give pairs of commands at once.

    Args:
        tries: How often each pair; every second time there is a finished run already.
        folder: A new folder.
        pairs: Which of `PAIRS`.
    """
    trial = new_trial(folder)
    expected = {seed: _undisturbed(trial, seed) for seed in SEEDS}
    figures = {name: PairFigures() for name in pairs}
    for name in pairs:
        for number in range(tries):
            renewed(trial)
            if number % 2:
                assert trial.done().returncode == 0
            _try(trial, PAIRS[name], expected, figures[name])
    return figures


def _undisturbed(trial: Trial, seed: int) -> dict[str, str]:
    done = renewed(trial).done("spec.json", "--set", f"seed={seed}")
    assert done.returncode == 0, done.stderr
    return _of_run(trial.contents(), NAME)


def _try(
    trial: Trial,
    commands: tuple[Sequence[str], Sequence[str]],
    expected: Mapping[int, dict[str, str]],
    figures: PairFigures,
) -> None:
    figures.tries += 1
    with trial.command(*commands[0]) as first, trial.command(*commands[1]) as second:
        ended = first.wait(), second.wait()
    codes = [done.returncode for done in ended]
    figures.both += codes == [0, 0]
    figures.refused += sorted(codes) == [0, 2]
    if sorted(codes) not in ([0, 0], [0, 2]) or any("Traceback" in done.stderr for done in ended):
        figures.mixed.append("; ".join(f"{done.args}: {done.returncode}: {done.stderr[-400:]}" for done in ended))
    contents = trial.contents()
    for run in sorted((trial.folder / "runs").iterdir()):
        seed = json.loads((run / "spec.json").read_text(encoding="utf-8"))["seed"]
        if found := differences(_of_run(contents, run.name), expected[seed]):
            figures.mixed.append(f"{commands}: {run.name}: {', '.join(found)}")


def _of_run(contents: Mapping[str, str], name: str) -> dict[str, str]:
    """The files of one run, without spec.json, which says how precision was chosen."""
    start = f"runs/{name}/"
    return {
        path.removeprefix(start): digest
        for path, digest in contents.items()
        if path.startswith(start) and not path.endswith("spec.json")
    }
