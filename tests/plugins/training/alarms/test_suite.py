"""Alarms observe: they pass the suite of every callback, and the runs of examples end with the same bytes."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from gan_run import RunOptions, train
from gan_run.core.run.run_folder import RunFolder
from gan_run.plugins.training.alarms.alarms import Alarms
from gan_run.plugins.training.alarms.code import CodeAlarm
from gan_run.plugins.training.alarms.collapse import CollapseAlarm
from gan_run.plugins.training.alarms.divergence import DivergenceAlarm
from gan_run.plugins.training.alarms.hidden_code import HiddenCodeAlarm
from gan_run.plugins.training.alarms.saturation import SaturationAlarm
from gan_run.registry.plugins import Registry
from gan_run.testing import CallbackSuite

EXAMPLES = Path(__file__).parents[4] / "examples"
WATCHFUL = Alarms(
    collapse=CollapseAlarm(every=1),
    saturation=SaturationAlarm(every=1),
    divergence=DivergenceAlarm(every=1),
    code=CodeAlarm(every=1),
    hidden_code=HiddenCodeAlarm(every=1),
)
"""Alarms that check every step."""


class TestAlarms(CallbackSuite):
    component = WATCHFUL


class TestOneAlarm(CallbackSuite):
    component = CodeAlarm(every=1)


SMALL = [
    "train.steps=3",
    "train.batch_size=4",
    "train.precision=fp32",
    "train.device=cpu",
    "metrics=[]",
    "artifacts=[]",
]
EVERY_STEP = ["train.log_every=1", f"callbacks=[{WATCHFUL.model_dump_json()}]"]


@pytest.mark.parametrize("example", ["few-images", "infogan-cr", "quickstart", "r3gan"])
def test_an_example_with_alarms_ends_with_the_bytes_of_one_without(
    example: str, registry: Registry, tmp_path: Path
) -> None:
    ends = []
    for name, callbacks in (("with", EVERY_STEP), ("without", ["callbacks=[]"])):
        options = RunOptions(notify=lambda text: None, registry=registry)
        run = train(EXAMPLES / f"{example}.json", tmp_path / name, overrides=[*SMALL, *callbacks], options=options)
        latest = RunFolder(run).latest()
        assert latest is not None
        ends.append({part: load_file(latest.folder / f"{part}.safetensors") for part in ("model", "optimizer")})
        reports = RunFolder(run).alarms()
        assert {report["step"] for report in reports} == ({1, 2, 3} if name == "with" else set())
    for part, tensors in ends[1].items():
        assert tensors.keys() == ends[0][part].keys()
        assert all(value.equal(ends[0][part][key]) for key, value in tensors.items())


def test_every_example_that_ships_is_watched() -> None:
    for path in EXAMPLES.glob("*.json"):
        assert {"type": "alarms"} in json.loads(path.read_text(encoding="utf-8"))["callbacks"], path
