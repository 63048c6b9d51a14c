import inspect
from collections.abc import Callable

import pytest

from gan_run import Model, Problem, Spec
from gan_run.core.kinds.model import RESERVED_NAMES
from gan_run.plugins.training.optimizers.adam import Adam
from gan_run.plugins.training.schedules.schedules import Cosine, LinearSchedule


def test_a_negative_learning_rate_is_a_mistake_and_zero_is_not(make_spec: Callable[..., Spec]) -> None:
    spec = make_spec(optimizers={"generator": Adam(lr=-1e-3), "discriminator": Adam(lr=0)})
    (problem,) = spec.problems()
    assert str(problem).startswith("optimizers.generator.lr: -0.001: a learning rate cannot be negative")


@pytest.mark.parametrize("ramp", [LinearSchedule, Cosine])
@pytest.mark.parametrize(("from_step", "to_step"), [(5, 5), (6, 5), (10, None)])
def test_a_schedule_that_ends_before_it_begins_is_a_mistake_where_it_stands(
    make_spec: Callable[..., Spec],
    ramp: type[LinearSchedule] | type[Cosine],
    from_step: int,
    to_step: int | None,
) -> None:
    rate = ramp(start=1e-3, end=0, from_step=from_step, to_step=to_step)
    spec = make_spec({"steps": 10}, optimizers={"generator": Adam(lr=rate), "discriminator": Adam(lr=1e-3)})
    last = 10 if to_step is None else to_step
    message = f"{from_step} is not before the schedule's end, step {last}"
    assert spec.problems() == [Problem(("optimizers", "generator", "lr", "from_step"), message)]


def test_the_reserved_names_are_the_arguments_of_sample() -> None:
    parameters = inspect.signature(Model.sample).parameters.values()
    assert {each.name for each in parameters if each.kind is not each.VAR_KEYWORD} == RESERVED_NAMES


@pytest.mark.parametrize("name", ["n", "seed", "codes"])
def test_a_latent_cannot_have_the_name_of_an_argument_of_sample(make_spec: Callable[..., Spec], name: str) -> None:
    spec = make_spec()
    changed = spec.model_copy(update={"latents": {**spec.latents, name: spec.latents["c"]}})
    message = f"{name!r} is an argument of Model.sample: choose another name"
    assert changed.problems() == [Problem(("latents", name), message)]
