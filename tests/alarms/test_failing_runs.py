"""Five runs that fail, one in each way that there is an alarm for: exactly that alarm rings."""

from pathlib import Path

import pytest

from gan_run import AlarmRaised, Callback, RunOptions, train
from gan_run.registry.plugins import Registry, load_plugins

SPECS = sorted(Path(__file__).parent.glob("*.json"))


class Heard(Callback):
    """The alarms that were raised."""

    def __init__(self) -> None:
        self.alarms: list[AlarmRaised] = []

    def alarm_raised(self, event: AlarmRaised) -> None:
        self.alarms.append(event)


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_a_run_that_fails_raises_its_alarm_and_no_other(spec: Path, tmp_path: Path) -> None:
    heard, plugins = Heard(), load_plugins(files=[spec.with_name("faint.py")])
    options = RunOptions(callbacks=[heard], notify=lambda text: None, registry=plugins)
    train(spec, tmp_path, options=options)
    assert {alarm.alarm.partition("/")[0] for alarm in heard.alarms} == {spec.stem}
    for alarm in heard.alarms:
        assert "; try " in alarm.message
        assert alarm.step < alarm.steps  # while something can be done


def test_there_is_a_run_that_fails_for_every_alarm(registry: Registry) -> None:
    alarms = {name for name in registry.catalogue.names("callback") if name.endswith("-alarm")}
    assert {f"{spec.stem}-alarm" for spec in SPECS} == alarms
