"""Specs with random mistakes are accepted, or refused with place and cause. Other seeds give other specs."""

import copy
import json
import math
import re
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from gan_run import GanRunError, Spec, read_spec
from gan_run.core.run.dry_run import dry_run
from gan_run.core.run.enough_memory import check_memory
from gan_run.core.run.resolve import check_against_data, resolve_device, with_train
from gan_run.core.run.stand_in import StandInSplits
from gan_run.registry.plugins import Registry
from mutations import mutation

Found = TypeVar("Found")
Small = Callable[..., dict[str, Any]]
RAW = re.compile(r"Input should|[Pp]ydantic|Value error|<class|Traceback|codec can't|should match")
LONGEST = 60.0
"""Seconds: a bound on what never ends, not a measurement."""
PARTS, EACH = 4, 40
TRAINED = 2
"""Accepted specs of each part that take a step."""


@pytest.fixture(scope="module")
def bases(small: Small) -> list[dict[str, Any]]:
    """Valid specs of many kinds of components."""
    toys = small(
        metrics=[{"type": "information", "every": 2}, {"type": "mig"}],
        artifacts=[{"type": "samples", "rows": 2}, {"type": "traversal", "codes": ["c"]}],
        callbacks=[{"type": "early-stopping", "metric": "information", "number": "codes.c.bound"}],
        train={"keep_best": {"metric": "information", "number": "codes.c.bound"}, "updates": {"discriminator": 2}},
    )
    toys["losses"][0]["weight"] = {"type": "linear", "start": 1, "end": 0.5}
    found = [toys]
    for name in ("acgan", "ali", "infogan-cr", "wgan-gp", "r3gan", "style-photos"):
        path = Path(__file__).parents[2] / "examples" / f"{name}.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        found.append({**content, "data": copy.deepcopy(toys["data"])})
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_a_mutated_spec_is_accepted_or_answered(bases: list[dict[str, Any]], registry: Registry, part: int) -> None:
    components = {kind: registry.catalogue.names(kind) for kind in registry.catalogue.kinds()}
    trained = 0
    for seed in range(part * EACH, (part + 1) * EACH):
        mutated = mutation(bases[seed % len(bases)], components, seed)
        what = f"seed {seed}: {mutated.how}"
        begin = time.monotonic()
        spec = accepted(mutated.spec, registry, what)
        assert time.monotonic() - begin < LONGEST, what
        if spec is not None and trained < TRAINED:
            trained += 1
            takes_a_step(spec, what)


def accepted(content: Any, registry: Registry, what: str) -> Spec | None:
    """The spec that `gan-run check` would build; None if it is refused."""

    def read() -> Spec:
        spec = resolve_device(read_spec(content, registry=registry))
        check_memory(spec, check_against_data(spec, StandInSplits(spec.data)))
        return spec

    return answer(read, what)


def takes_a_step(spec: Spec, what: str) -> None:
    """A step of few images, or an answer."""
    report = answer(lambda: dry_run(with_train(spec, batch_size=4, accumulate=1)), what)
    assert report is None or all(map(math.isfinite, report.losses.values())), what


def answer(ask: Callable[[], Found], what: str) -> Found | None:
    """What a function returns; None if it refuses in a few lines, with a place or a cause, without Python's words."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ask()
    except GanRunError as error:
        message = str(error)
    assert not RAW.search(message), f"{what}: {message}"
    assert len(message.splitlines()) < 25, what
    assert ":" in message, f"{what}: {message}"
    return None
