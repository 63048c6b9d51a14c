import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gan_run import Schedule
from gan_run.plugins.training.schedules.schedules import Constant, Cosine, LinearSchedule

RAMPS = pytest.mark.parametrize("ramp", [LinearSchedule, Cosine])
NUMBERS = st.floats(-10, 10)
STEPS = st.integers(0, 1000)


@given(NUMBERS, STEPS, st.integers(1, 1000))
def test_a_constant_is_always_itself(value: float, step: int, steps: int) -> None:
    assert Constant(value=value).at(step, steps) == value


def test_a_line_worked_by_hand() -> None:
    line = LinearSchedule(start=1.0, end=3.0, from_step=10, to_step=20)
    assert [line.at(step, 100) for step in (0, 10, 11, 15, 20, 99)] == pytest.approx([1, 1, 1.2, 2, 3, 3])


def test_a_cosine_worked_by_hand() -> None:
    # (1 - cos) / 2 of a third and of two thirds of pi: a quarter and three quarters.
    cosine = Cosine(start=1.0, end=3.0, from_step=10, to_step=40)
    assert [cosine.at(step, 100) for step in (0, 10, 20, 25, 30, 40, 99)] == pytest.approx([1, 1, 1.5, 2, 2.5, 3, 3])


def test_a_cosine_is_flat_at_both_ends_and_a_line_is_not() -> None:
    cosine, line = (ramp(start=0.0, end=1.0, to_step=1000) for ramp in (Cosine, LinearSchedule))
    for before, after in ((0, 1), (999, 1000)):
        assert cosine.at(after, 1000) - cosine.at(before, 1000) < 1e-5
        assert line.at(after, 1000) - line.at(before, 1000) == pytest.approx(1e-3)
    assert cosine.at(501, 1000) - cosine.at(500, 1000) == pytest.approx(math.pi / 2 / 1000, rel=1e-3)


@RAMPS
def test_without_an_end_it_goes_on_to_the_end_of_the_run(ramp: type[LinearSchedule] | type[Cosine]) -> None:
    schedule = ramp(start=1.0, end=0.0)
    for steps in (10, 1000):
        assert schedule.at(0, steps) == 1
        assert schedule.at(steps // 2, steps) == pytest.approx(0.5)
        assert schedule.at(steps, steps) == pytest.approx(0)


@RAMPS
@given(start=NUMBERS, end=NUMBERS, begin=STEPS, length=st.integers(1, 1000), step=st.integers(0, 3000))
def test_a_ramp_stays_between_its_ends_and_at_them_outside(
    ramp: type[LinearSchedule] | type[Cosine], start: float, end: float, begin: int, length: int, step: int
) -> None:
    schedule = ramp(start=start, end=end, from_step=begin, to_step=begin + length)
    value = schedule.at(step, 5000)
    assert min(start, end) - 1e-9 <= value <= max(start, end) + 1e-9
    if step <= begin:
        assert value == pytest.approx(start)
    if step >= begin + length:
        assert value == pytest.approx(end)


@RAMPS
@given(begin=STEPS, length=st.integers(1, 100), step=st.integers(0, 1200))
def test_a_ramp_never_turns_back(ramp: type[LinearSchedule] | type[Cosine], begin: int, length: int, step: int) -> None:
    schedule = ramp(start=0.0, end=1.0, from_step=begin, to_step=begin + length)
    assert schedule.at(step, 5000) <= schedule.at(step + 1, 5000)


@pytest.mark.parametrize(
    ("schedule", "wrong"),
    [
        (Constant, {}),
        (LinearSchedule, {"start": 1}),
        (Cosine, {"end": 1}),
        (Cosine, {"start": 1, "end": 0, "from_step": -1}),
        (LinearSchedule, {"start": 1, "end": 0, "to_step": 0}),
        (LinearSchedule, {"start": math.inf, "end": 0}),
    ],
)
def test_a_schedule_without_its_numbers_is_refused(schedule: type[Schedule], wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        schedule.model_validate(wrong)
