"""`train.for`: a command ends with a checkpoint before its time has passed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from gan_run import Measurement, Metric, Model, RunOptions, SpecError, Splits, read_spec, train
from gan_run.core.kinds.duration import seconds_of
from gan_run.core.run import time_limit
from gan_run.core.run.stopping import TimeUp
from gan_run.core.run.time_limit import TimeLimit
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 999))
def test_durations_are_hours_minutes_and_seconds(hours: int, minutes: int, seconds: int) -> None:
    parts = [f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if count]
    if parts:
        assert seconds_of("".join(parts)) == 3600 * hours + 60 * minutes + seconds


@pytest.mark.parametrize("text", ["", "30", "m", "1.5h", "30m1h", "0s", "-5m", "30 m", "1h30", "٣m", "1h 30m", "30M"])
def test_what_is_no_duration_is_answered(small: Small, registry: Registry, text: str) -> None:
    with pytest.raises(SpecError, match=r"train\.for: .* is no duration: it is written as 90s, 30m, 2h or 1h30m"):
        read_spec(small(train={"for": text}), registry=registry)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr(time_limit, "time", moved)
    return moved


def test_there_is_time_for_the_next_step_and_a_checkpoint(clock: Clock) -> None:
    limit = TimeLimit(60.0, 95.0)
    steps = 0
    while not limit.is_near():
        limit.next_step()
        clock.now += 2
        limit.step_taken()
        if steps == 5:
            with limit.saving():
                clock.now += 7
        steps += 1
    assert clock.now + 2 + 7 <= 95 + 60
    assert clock.now > 95 + 60 - 4 * (2 + 7)


def test_without_a_limit_time_never_ends(clock: Clock) -> None:
    limit = TimeLimit(None, 0.0)
    clock.now = 1e12
    assert not limit.is_near()


def test_the_same_bytes_as_without_stopping(small: Small, registry: Registry, tmp_path: Path) -> None:
    options = RunOptions(registry=registry, progress=False, notify=lambda text: None)
    whole = train(small(train={"steps": 8}), tmp_path / "whole", options=options)
    spec = small(train={"steps": 8, "for": "1h"})
    begun = time.monotonic() - 3600  # each command takes a step, and then its time has passed
    late = RunOptions(registry=registry, progress=False, notify=lambda text: None, begun=begun)
    for step in range(1, 4):
        with pytest.raises(TimeUp, match=f"stopped after step {step}$"):
            train(spec, tmp_path / "parts", options=late)
    parts = train(spec, tmp_path / "parts", options=options)
    for file in ("model", "optimizer"):
        path = f"checkpoints/step-00000008/{file}.safetensors"
        assert (parts / path).read_bytes() == (whole / path).read_bytes()


class Sleeps(Metric):
    """Measures for a minute, but at the first time that it is asked to."""

    type: Literal["sleeps"] = "sleeps"

    def measure(self, model: Model, data: Splits) -> Measurement:
        for _ in range(600):
            time.sleep(0.1)
        return {"slept": 60.0}


def test_measuring_is_broken_off_and_begins_again(small: Small, registry: Registry, tmp_path: Path) -> None:
    plugins = registry.with_components([Sleeps])
    spec = small(train={"steps": 2, "for": "1h"}, metrics=[{"type": "sleeps"}])
    options = RunOptions(registry=plugins, progress=False, notify=lambda text: None, begun=time.monotonic() - 3597)
    with pytest.raises(TimeUp, match="stopped after step"):
        train(spec, tmp_path, options=options)
    assert not (tmp_path / "small/evaluation.json").exists()
    assert (tmp_path / "small/checkpoints").is_dir()


def test_the_command_exits_with_0_and_says_how_to_go_on(
    here: Callable[..., Result], write_spec: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_limit, "RESERVE", 1e6)
    done = here(write_spec(train={"for": "5m"}))
    assert done.exit_code == 0, done.output
    assert done.output.endswith(
        "the time of train.for has passed: stopped after step 1; a checkpoint is saved. To go on:\n"
        "  gan-run train --resume runs/small\n"
    )
    seeds = here(write_spec(name="many", train={"for": "5m"}), "--seeds", 2, "--jobs", 1)
    assert seeds.exit_code == 0, seeds.output
    assert "the same command" in seeds.output
    monkeypatch.undo()
