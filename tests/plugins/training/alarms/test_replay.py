"""Alarms can be evaluated on the readings of a finished run, with other thresholds than it had."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gan_run import RunOptions, train
from gan_run.plugins.training.alarms.alarm import replay
from gan_run.plugins.training.alarms.alarms import Alarms
from gan_run.plugins.training.alarms.collapse import CollapseAlarm
from gan_run.plugins.training.alarms.saturation import SaturationAlarm
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
SOON = {"every": 1, "patience": 2, "after": 0.0, "share": 0.0}


def test_a_run_replays_as_it_rang(small: Small, registry: Registry, tmp_path: Path) -> None:
    alarms = Alarms(
        collapse=CollapseAlarm(**SOON, least=1.0), saturation=SaturationAlarm(**SOON), divergence=None, code=None
    )
    spec = small(callbacks=[alarms])
    run = train(spec, tmp_path, options=RunOptions(notify=lambda text: None, registry=registry))
    lines = [json.loads(line) for line in (run / "alarms.jsonl").read_text(encoding="utf-8").splitlines()]
    rang = next(line for line in lines if line["message"])
    assert (rang["alarm"], rang["step"]) == ("collapse", 2)  # two checks: the mlp's first samples are nearly grey
    assert list(replay(run, alarms.on, steps=6)) == [("collapse", 2, rang["message"])]
    assert list(replay(run, [CollapseAlarm(**SOON, least=1e-3)], steps=6)) == []
    assert [ring.step for ring in replay(run, [CollapseAlarm(**{**SOON, "patience": 4}, least=1.0)], steps=6)] == [4]


def test_of_a_run_without_readings_nothing_is_replayed(tmp_path: Path) -> None:
    assert list(replay(tmp_path, Alarms().on, steps=6)) == []
