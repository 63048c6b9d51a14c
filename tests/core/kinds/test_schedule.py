from typing import Literal

import pytest
from pydantic import ValidationError

from gan_run import Declaration, Schedule, Scheduled, value_at


class UpsamplingPlan(Schedule):
    type: Literal["upsampling_plan"] = "upsampling_plan"

    def at(self, step: int, steps: int) -> float:
        return 2.0**step / steps


class Holder(Declaration):
    amount: Scheduled = 1.0


def test_a_number_stays_what_it_is_at_every_step() -> None:
    assert [value_at(0.25, step, 10) for step in (0, 5, 10)] == [0.25, 0.25, 0.25]


def test_a_schedule_is_asked_for_its_value_at_this_step_of_the_run() -> None:
    assert [value_at(UpsamplingPlan(), step, 4) for step in (0, 3)] == [0.25, 2.0]


def test_a_field_takes_a_number_or_a_schedule() -> None:
    assert Holder(amount=3).amount == 3.0
    assert Holder(amount=UpsamplingPlan()).amount == UpsamplingPlan()


@pytest.mark.parametrize("wrong", ["fast", None, [1.0], float("inf"), float("nan")])
def test_a_field_takes_nothing_else(wrong: object) -> None:
    with pytest.raises(ValidationError, match="amount"):
        Holder.model_validate({"amount": wrong})
