"""Any callback may report an alarm: it is in alarms.jsonl, and `alarm_raised` is sent when it begins to ring."""

import json
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gan_run import AlarmRaised, Callback, RunOptions, StepLogged, Stopped, resume, train
from gan_run.display.progress import Display
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
RINGS = {2, 3, 5, 6}


class Smoke(Callback):
    """Rings at some steps."""

    def step_logged(self, event: StepLogged) -> None:
        message = f"smoke after {event.step} steps; try water" if event.step in RINGS else None
        event.report_alarm("smoke", message, {"density": event.step / 10})


class Heard(Callback):
    def __init__(self) -> None:
        self.alarms: list[tuple[int, str, str, float]] = []

    def alarm_raised(self, event: AlarmRaised) -> None:
        self.alarms.append((event.step, event.alarm, event.message, event.readings["density"]))


def options(registry: Registry, *callbacks: Callback, stop: Callable[[], bool] = lambda: False) -> RunOptions:
    return RunOptions(callbacks=callbacks, notify=lambda text: None, registry=registry, stop=stop)


def test_every_report_is_a_line_and_only_the_start_of_ringing_an_event(
    small: Small, registry: Registry, tmp_path: Path
) -> None:
    heard = Heard()
    run = train(small(), tmp_path, options=options(registry, Smoke(), heard))
    lines = [json.loads(line) for line in (run / "alarms.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["step"], line["alarm"]) for line in lines] == [(step, "smoke") for step in range(1, 7)]
    assert [line["step"] for line in lines if line["message"]] == sorted(RINGS)
    assert lines[1]["readings"] == {"density": 0.2}
    assert heard.alarms == [(step, "smoke", f"smoke after {step} steps; try water", step / 10) for step in (2, 5)]


def test_a_run_whose_callbacks_report_nothing_has_no_such_file(
    small: Small, registry: Registry, tmp_path: Path
) -> None:
    assert not (train(small(), tmp_path, options=options(registry)) / "alarms.jsonl").exists()


@pytest.mark.parametrize(("stopped_after", "heard_again"), [(3, [5]), (1, [2, 5]), (5, [5])])
def test_a_resumed_run_repeats_no_report_and_no_alarm_that_rang_before(
    small: Small, registry: Registry, tmp_path: Path, stopped_after: int, heard_again: list[int]
) -> None:
    whole = train(small(), tmp_path / "whole", options=options(registry, Smoke()))
    asked = iter(range(1, 10))
    with pytest.raises(Stopped):
        train(
            small(),
            tmp_path / "parts",
            options=options(registry, Smoke(), stop=lambda: next(asked) == stopped_after),
        )
    run, heard = tmp_path / "parts" / "small", Heard()
    if stopped_after == 5:  # as if it had been killed after step 5: the last checkpoint is that of step 4
        shutil.rmtree(run / "checkpoints" / "step-00000005")
    resume(run, options=options(registry, Smoke(), heard))
    assert [step for step, *_ in heard.alarms] == heard_again
    assert (run / "alarms.jsonl").read_bytes() == (whole / "alarms.jsonl").read_bytes()


def test_the_terminal_shows_it(small: Small, registry: Registry, tmp_path: Path) -> None:
    console = Console(record=True, width=200, file=StringIO())
    train(small(), tmp_path, options=options(registry, Smoke(), Display(console)))
    shown = [line for line in console.export_text().splitlines() if "smoke" in line]
    assert shown == [f"ALARM smoke, step {step}: smoke after {step} steps; try water" for step in (2, 5)]
