"""When each alarm rings, on readings made by hand."""

from collections.abc import Mapping, Sequence

import pytest

from gan_run import Progress
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.training.alarms.alarm import Alarm
from gan_run.plugins.training.alarms.code import CodeAlarm, share_of_weight
from gan_run.plugins.training.alarms.collapse import CollapseAlarm
from gan_run.plugins.training.alarms.divergence import DivergenceAlarm
from gan_run.plugins.training.alarms.hidden_code import HiddenCodeAlarm
from gan_run.plugins.training.alarms.history import History, Reading
from gan_run.plugins.training.alarms.saturation import SaturationAlarm
from gan_run.plugins.training.schedules.schedules import LinearSchedule


def first_ring(alarm: Alarm, name: str, readings: Sequence[Mapping[str, float]], steps: int = 1000) -> int | None:
    """The step at which an alarm begins to ring, with a reading every 50 steps; None if it never does."""
    history = History(steps)
    for index, values in enumerate(readings, start=1):
        history.readings.append(Reading(50 * index, values))
        if alarm.judge(name, history) is not None:
            return 50 * index
    return None


def slopes(*values: float) -> list[dict[str, float]]:
    return [{"slope": value} for value in values]


def test_a_lasting_alarm_needs_as_many_wrong_readings_as_its_patience() -> None:
    assert first_ring(SaturationAlarm(after=0), "saturation", slopes(*[0.001] * 4)) is None
    assert first_ring(SaturationAlarm(after=0), "saturation", slopes(*[0.001] * 9)) == 250
    assert first_ring(SaturationAlarm(after=0), "saturation", slopes(0.001, 0.001, 0.5, *[0.001] * 9)) == 400


def test_nothing_counts_before_a_share_of_the_runs_steps() -> None:
    assert first_ring(SaturationAlarm(after=0.3), "saturation", slopes(*[0.001] * 20)) == 550  # from 350 on


def test_the_longer_a_run_the_longer_it_must_have_been_wrong() -> None:
    readings = slopes(*[0.5] * 100, *[0.001] * 100)
    assert first_ring(SaturationAlarm(share=0.1), "saturation", readings, steps=10000) == 5650  # since 5050
    assert first_ring(SaturationAlarm(share=0.1, patience=20), "saturation", readings, steps=10000) == 6000


def test_samples_are_compared_with_the_median_of_the_datas_distances() -> None:
    still = [{"samples": 0.1, "data": data} for data in (1.0, 1.0, 0.1, 1.0, 1.0, 1.0, 1.0, 1.0)]
    assert first_ring(CollapseAlarm(after=0), "collapse", still) == 250
    assert first_ring(CollapseAlarm(after=0, least=0.05), "collapse", still) is None


def test_a_low_recovery_counts_once_the_weight_has_come_up() -> None:
    weights = [0.03] * 10 + [0.6] * 20
    low = [{"recovery": 0.02, "weight": weight} for weight in weights]
    assert first_ring(CodeAlarm(), "code/c1", low) == 750  # since 550: a fifth of the steps, and five readings
    read = [{"recovery": 0.3, "weight": weight} for weight in weights]
    assert first_ring(CodeAlarm(), "code/c1", read) is None


def test_a_code_is_hidden_where_it_is_recovered_from_what_cannot_be_seen() -> None:
    cases = {(0.9, 0.2): 350, (0.9, 5.0): None, (0.1, 0.2): None}
    for (recovery, effect), expected in cases.items():
        readings = [{"recovery": recovery, "effect": effect}] * 10
        assert first_ring(HiddenCodeAlarm(), "hidden-code/c1", readings, steps=1000) == expected


@pytest.mark.parametrize(
    ("norms", "expected"),
    [
        ([1, 2, 1, 1, 2, 300, 4000, 50000], 400),
        ([1, 2, 1, 1, 2, 300, 4000, 3000, 5000], None),  # it rises and falls
        ([1, 2, 1, 1, 2, 30, 40, 50], None),  # ten times as large is usual
        ([1, 2, 1, 1, 2, 1, 1, 90000, 1, 1], None),  # a jump
        ([90000, 2, 1, 1, 2, 1, 300, 400, 500], None),  # it began larger
        ([1, 2, 300, 4000, 50000], None),  # nothing is usual yet
        ([0, 0, 0, 0, 0, 1, 2, 3], None),  # its loss had weight 0
        ([0, 0, 0, 0, 0, 1, 2, 1, 1, 2, 300, 4000, 50000], 650),
    ],
)
def test_a_gradient_grows_without_end_if_it_is_far_above_its_median_and_rises(
    norms: list[float], expected: int | None
) -> None:
    readings = [{"norm": float(norm)} for norm in norms]
    assert first_ring(DivergenceAlarm(), "divergence/generator", readings) == expected


def test_the_weight_of_a_loss_is_a_share_of_its_largest_from_now_on() -> None:
    rising = LinearSchedule(start=0.5, end=2.0, from_step=10, to_step=20)
    scheduled = MutualInformation(codes={"c": 1.0}, weight=rising)
    assert share_of_weight(scheduled, Progress(0, 101)) == pytest.approx(0.25)
    assert share_of_weight(scheduled, Progress(100, 101)) == pytest.approx(1.0)
    assert share_of_weight(MutualInformation(codes={"c": 1.0}, weight=0.01), Progress(0, 101)) == 1.0


def test_a_weight_that_falls_has_come_up_from_the_first_step_until_it_is_zero() -> None:
    falling = LinearSchedule(start=3.0, end=1.0, from_step=10, to_step=20)
    strong = MutualInformation(codes={"c": 1.0}, weight=falling)
    assert [share_of_weight(strong, Progress(step, 101)) for step in (0, 15, 50, 100)] == [1.0] * 4
    ending = MutualInformation(codes={"c": 1.0}, weight=LinearSchedule(start=3.0, end=0.0, to_step=50))
    assert [share_of_weight(ending, Progress(step, 101)) for step in (0, 40, 60, 100)] == [1.0, 1.0, 0.0, 0.0]
