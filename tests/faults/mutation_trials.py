"""Mutated specs, by the thousand: in this process, and as commands."""

import json
import re
import resource
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gan_run import GanRunError, Spec, read_spec
from gan_run.core.run.dry_run import dry_run
from gan_run.core.run.enough_memory import check_memory
from gan_run.core.run.resolve import check_against_data, resolve_device, with_train
from gan_run.core.run.stand_in import StandInSplits
from gan_run.registry.plugins import Registry
from mutations import DEPTH, mutation
from trial import Trial, new_trial

RAW = re.compile(r"Input should|[Pp]ydantic|Value error|<class|Traceback|codec can't|should match")
EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass
class MutationFigures:
    """What became of mutated specs."""

    tries: int = 0
    accepted: int = 0
    refused: int = 0
    steps: int = 0
    """How many accepted ones took a step."""
    steps_refused: int = 0
    """How many were refused in their step: a loss is not finite, say."""
    longest: float = 0.0
    """The longest answer, in seconds."""
    slowest: str = ""
    """The mutation that it was for."""
    wrong: list[str] = field(default_factory=list)
    """Tracebacks, messages in Python's words, and hangs."""

    def timed(self, what: str, began: float) -> None:
        """Keep the longest answer."""
        if (seconds := time.monotonic() - began) > self.longest:
            self.longest, self.slowest = seconds, what

    @property
    def megabytes(self) -> int:
        """The most memory that this process has had."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def bases(registry: Registry) -> list[dict[str, Any]]:
    """The example specs whose data can be described here."""
    found = []
    for path in sorted(EXAMPLES.glob("*.json")):
        try:
            read_spec(path, registry=registry).data.describe()
        except GanRunError:
            continue
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def mutation_trials(count: int, steps: int, registry: Registry) -> MutationFigures:
    """Read mutated specs as `gan-run check` does, and take a step of some that are accepted.

    Args:
        count: How many.
        steps: How many take a step, of those that are accepted.
        registry: The plugins.
    """
    figures, valid = MutationFigures(), bases(registry)
    components = {kind: registry.catalogue.names(kind) for kind in registry.catalogue.kinds()}
    for seed in range(count):
        mutated = mutation(valid[seed % len(valid)], components, seed)
        began = time.monotonic()
        what = f"seed {seed}: {mutated.how}"
        spec = _accepted(mutated.spec, registry, what, figures)
        figures.timed(what, began)
        if spec is not None and figures.steps < steps:
            _step(spec, f"{what}: a step", figures)
    return figures


def command_trials(count: int, folder: Path, registry: Registry, first: int = 10**6) -> MutationFigures:
    """Give mutated specs to `gan-run check`, each in a process of its own.

    Args:
        count: How many.
        folder: A new folder.
        registry: The plugins.
        first: The first seed.
    """
    figures, trial, valid = MutationFigures(), new_trial(folder), bases(registry)
    components = {kind: registry.catalogue.names(kind) for kind in registry.catalogue.kinds()}
    for seed in range(first, first + count):
        mutated = mutation(valid[seed % len(valid)], components, seed)
        began = time.monotonic()
        what = f"seed {seed}: {mutated.how}"
        _as_command(mutated.spec, what, trial, figures)
        figures.timed(what, began)
    return figures


def _accepted(content: Any, registry: Registry, what: str, figures: MutationFigures) -> Spec | None:
    figures.tries += 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spec = resolve_device(read_spec(content, registry=registry))
            check_memory(spec, check_against_data(spec, StandInSplits(spec.data)))
    except GanRunError as error:
        figures.refused += 1
        _judge(str(error), what, figures)
        return None
    except Exception as error:
        figures.wrong.append(f"{what}: {type(error).__name__}: {error}")
        return None
    figures.accepted += 1
    return spec


def _step(spec: Spec, what: str, figures: MutationFigures) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dry_run(with_train(spec, batch_size=4, accumulate=1))
    except GanRunError as error:
        figures.steps_refused += 1
        _judge(str(error), what, figures)
    except Exception as error:
        figures.wrong.append(f"{what}: {type(error).__name__}: {error}")
    else:
        figures.steps += 1


def _as_text(content: Any) -> str:
    """JSON, however deep it is nested."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 20 * DEPTH))
    try:
        return json.dumps(content)
    finally:
        sys.setrecursionlimit(before)


def _as_command(content: Mapping[str, Any], what: str, trial: Trial, figures: MutationFigures) -> None:
    figures.tries += 1
    (trial.folder / "mutated.json").write_text(_as_text(content), encoding="utf-8", errors="surrogatepass")
    done = trial.done("check", "mutated.json")
    if done.returncode == 0:
        figures.accepted += 1
    elif done.returncode == 2:
        figures.refused += 1
        _judge(done.stderr, what, figures)
    else:
        figures.wrong.append(f"{what}: exit code {done.returncode}: {done.stderr[-500:]}")


def _judge(message: str, what: str, figures: MutationFigures) -> None:
    if RAW.search(message) or ":" not in message:
        figures.wrong.append(f"{what}: {message[:500]}")
