"""Files of a run that are damaged: a flipped byte, a file cut short, a file that is gone.

What is damaged must not be used in silence: a command that reads it says so, or does what it does with the whole file.
"""

import random
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gan_run import GanRunError, Run, load
from gan_run.registry.plugins import Registry
from trial import NAME, STEPS, Trial, differences, new_trial

MIDDLE = 6
"""The step after which the run that is damaged was stopped."""
RESUME = ("train", "--resume", f"runs/{NAME}", "--set", f"train.steps={STEPS}")
UNUSED = frozenset({"report.html", "labels.json"})


@dataclass
class DamageFigures:
    """What became of damaged files."""

    tries: int = 0
    named: int = 0
    """How often a command named the damage."""
    harmless: int = 0
    """How often every command did what it does without the damage."""
    silent: list[str] = field(default_factory=list)
    """Damage after which a command did something else without a word."""
    unclear: list[str] = field(default_factory=list)
    """Damage that a command answered with something else than an error of the user's."""


Damage = Callable[[Path], None]


def flipped(chosen: random.Random) -> Damage:
    """One byte of a file is another."""

    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[chosen.randrange(len(content))] ^= chosen.randint(1, 255)
        path.write_bytes(content)

    return damage


def cut(chosen: random.Random) -> Damage:
    """A file ends early."""

    def damage(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: chosen.randrange(len(content))])

    return damage


def damage_trials(flips: int, cuts: int, folder: Path, registry: Registry, seed: int = 0) -> DamageFigures:
    """Damage a run that was stopped halfway, a file at a time; load it, draw from it, and resume it.

    Args:
        flips: How many bytes are flipped, each in a copy of the run.
        cuts: How many files are cut short. Every file is deleted once besides.
        folder: A new folder.
        registry: The plugins.
        seed: Of the files and places.
    """
    chosen, figures = random.Random(seed), DamageFigures()
    halfway = _Halfway(folder, registry)
    files = halfway.files()
    tries: list[tuple[Path, Damage]] = [
        *((chosen.choice(files), flipped(chosen)) for _ in range(flips)),
        *((chosen.choice(files), cut(chosen)) for _ in range(cuts)),
        *((file, Path.unlink) for file in files),
    ]
    for file, damage in tries:
        figures.tries += 1
        halfway.restore()
        damage(file)
        outcomes = list(halfway.used(file))
        what = f"{file.relative_to(folder)} ({getattr(damage, '__qualname__', '').split('.')[0]})"
        figures.silent += [f"{what}: {outcome}" for outcome in outcomes if outcome.startswith("other")]
        figures.unclear += [f"{what}: {outcome}" for outcome in outcomes if outcome.startswith("bug")]
        figures.named += any(outcome.startswith(("refused", "warned")) for outcome in outcomes)
        figures.harmless += all(outcome == "the same" for outcome in outcomes)
    return figures


class _Halfway:
    """A run that was stopped, which can be damaged and restored.

    Args:
        folder: A new folder.
        registry: The plugins.
    """

    def __init__(self, folder: Path, registry: Registry) -> None:
        self._trial: Trial = new_trial(folder)
        self._registry = registry
        done = self._trial.done("spec.json", "--set", f"train.steps={MIDDLE}")
        assert done.returncode == 0, done.stderr
        self._kept = folder.with_name(f"{folder.name}-kept")
        shutil.copytree(folder, self._kept)
        self._drawn, self._numbers = self._draw(), self._read()
        done = self._trial.done(*RESUME)
        assert done.returncode == 0, done.stderr
        self._finished = self._trial.contents()
        self.restore()

    def files(self) -> list[Path]:
        """Every file of the run, and of the cache of decoded pictures."""
        folders = (self._trial.run, self._trial.folder / "cache")
        found = (path for folder in folders for path in sorted(folder.rglob("*")))
        return [path for path in found if path.is_file() and path.stat().st_size and path.name not in UNUSED]

    def restore(self) -> None:
        """Undo all damage."""
        shutil.rmtree(self._trial.folder)
        shutil.copytree(self._kept, self._trial.folder)

    def used(self, damaged: Path) -> Iterator[str]:
        """What each use of the run comes to: its model, its numbers, its training."""
        yield _outcome(lambda: self._draw() == self._drawn)
        yield _outcome(lambda: self._read() == self._numbers)
        yield _outcome(lambda: self._resumed_alike(damaged))

    def _draw(self) -> list[float]:
        images = load(self._trial.run, registry=self._registry).sample(2, seed=0)
        return [float(value) for value in images.flatten()]

    def _read(self) -> tuple[str, str]:
        run = Run(self._trial.run, registry=self._registry)
        if not run.is_finished:  # without evaluation.json it is one that has not been measured yet
            raise GanRunError("it is unfinished")
        return repr(run.metrics), repr(run.history)

    def _resumed_alike(self, damaged: Path) -> bool:
        """Whether all files but the damaged one are those of a run whose files were whole."""
        done = self._trial.done(*RESUME)
        if done.returncode == 2 and done.stderr.splitlines()[-1].startswith(("error:", " ")):
            raise GanRunError(done.stderr)
        assert done.returncode == 0, done.stderr
        for line in done.stderr.splitlines():
            if line.startswith("warning:"):
                warnings.warn(line, stacklevel=1)
        name = str(damaged.relative_to(self._trial.folder))
        return all(line.startswith(f"{name}: ") for line in differences(self._trial.contents(), self._finished))


def _outcome(use: Callable[[], bool]) -> str:
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            alike = use()
        return "the same" if alike else f"warned: {warned[0].message}" if warned else "other"
    except GanRunError as error:
        return f"refused: {error}"
    except Exception as error:
        return f"bug: {type(error).__name__}: {error}"
