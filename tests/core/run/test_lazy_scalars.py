"""A lazy loss is in every line of metrics.jsonl in whose steps it was computed, also of a resumed run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_run import Stopped

Small = Callable[..., dict[str, Any]]
Bench = Any
LOSSES = [{"type": "non-saturating"}, {"type": "r1", "every": 16}]


def lines(folder: Path) -> list[dict[str, Any]]:
    """The lines as they are written, but for the time."""
    found = []
    for text in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        del line["time"], line["crc32"]
        found.append(line)
    return found


def spec(small: Small, log_every: int = 20) -> dict[str, Any]:
    train = {"steps": 100, "log_every": log_every, "checkpoint_every": 1000, "ema": None}
    return small(losses=LOSSES, train=train)


@pytest.fixture
def whole(bench: Bench, small: Small) -> list[dict[str, Any]]:
    return lines(bench.train(spec(small)))


def test_every_line_has_the_value_of_the_last_step_at_which_it_was_computed(
    bench: Bench, small: Small, whole: list[dict[str, Any]]
) -> None:
    assert [line["step"] for line in whole] == list(range(20, 101, 20))
    every = {line["step"]: line for line in lines(bench.train(spec(small, log_every=1), fresh=True))}
    assert [step for step, line in every.items() if "discriminator/r1" in line] == list(range(1, 101, 16))
    for line in whole:
        computed = max(step for step in range(1, line["step"] + 1, 16))
        assert line["discriminator/r1"] == every[computed]["discriminator/r1"]
        assert line["discriminator/non-saturating"] == every[line["step"]]["discriminator/non-saturating"]


@pytest.mark.parametrize("stop_at", [10, 20, 33, 99])
def test_a_run_that_is_resumed_between_two_lines_writes_the_same(
    bench: Bench, small: Small, whole: list[dict[str, Any]], stop_at: int
) -> None:
    with pytest.raises(Stopped):
        bench.train(spec(small), stop_at=stop_at, fresh=True)
    folder = bench.resume(bench.out / "small")
    assert [list(line) for line in lines(folder)] == [list(line) for line in whole]
    assert lines(folder) == whole


def test_a_line_without_a_step_at_which_it_was_computed_does_not_have_it(bench: Bench, small: Small) -> None:
    content = spec(small, log_every=10)
    content["train"]["steps"] = 40
    shown = {line["step"]: "discriminator/r1" in line for line in lines(bench.train(content))}
    assert shown == {10: True, 20: True, 30: False, 40: True}  # computed at the steps 1, 17 and 33
