"""On every example each alarm measures what it looks at, and none rings in the first steps, on data of the right shape.

Whether it rings later shows in real runs: docs/guide.md has what was measured there.
"""

import json
from pathlib import Path

import pytest

from gan_run import RunOptions, StepLogged, Stopped, read_spec, train
from gan_run.core.kinds.callback import Callback
from gan_run.core.run.run_folder import RunFolder
from gan_run.plugins.training.alarms.alarms import Alarms
from gan_run.plugins.training.alarms.code import CodeAlarm, read_codes
from gan_run.plugins.training.alarms.collapse import CollapseAlarm
from gan_run.plugins.training.alarms.divergence import DivergenceAlarm
from gan_run.plugins.training.alarms.hidden_code import HiddenCodeAlarm
from gan_run.plugins.training.alarms.saturation import SaturationAlarm
from gan_run.registry.plugins import Registry
from stand_in import NARROW, on_stand_in

EXAMPLES = sorted((Path(__file__).parents[4] / "examples").glob("*.json"))
STEPS = 3


class Count(Callback):
    """The steps that were logged."""

    steps = 0

    def step_logged(self, event: StepLogged) -> None:
        self.steps = event.step


def at_every_step() -> Alarms:
    """All alarms with their default thresholds, checking every step.

    Those that a first step may not ring need not wait. Samples are alike at first, and codes not recovered.
    """
    at_once = {"every": 1, "patience": 1, "after": 0.0, "share": 0.0}
    return Alarms(
        collapse=CollapseAlarm(every=1),
        code=CodeAlarm(every=1),
        divergence=DivergenceAlarm(every=1),
        saturation=SaturationAlarm.model_validate(at_once),
        hidden_code=HiddenCodeAlarm.model_validate(at_once),
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_alarm_measures_an_example_and_none_rings(example: Path, registry: Registry, tmp_path: Path) -> None:
    content = json.loads(example.read_text(encoding="utf-8"))
    settled = ["train.device=cpu", "train.precision=fp32", "train.batch_size=4", "train.log_every=1"]
    count = Count()
    options = RunOptions(
        callbacks=[count], notify=lambda text: None, registry=registry, stop=lambda: count.steps == STEPS
    )
    spec = read_spec({**on_stand_in(content), "callbacks": [at_every_step()]}, [*settled, *NARROW], registry)
    with pytest.raises(Stopped):
        train(spec, tmp_path, options=options)
    reports = RunFolder(tmp_path / example.stem).alarms()
    assert [report for report in reports if report["message"]] == []
    expected = {"collapse", "saturation", *(f"divergence/{player}" for player in spec.optimizers)}
    expected |= {f"{title}/{code}" for code in read_codes(spec) for title in ("code", "hidden-code")}
    assert {report["alarm"] for report in reports if report["step"] == STEPS} == expected
