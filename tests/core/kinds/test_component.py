"""Fields that were renamed, shown with components that no plugin has."""

import json
from typing import ClassVar, Literal

import pytest
from pydantic import Field, ValidationError

from gan_run import Declaration, Loss, LossContext, LossTerm, SpecError, read_spec
from gan_run.testing.game import Noise, small_spec


class Blur(Declaration):
    renamed: ClassVar[dict[str, str]] = {"spread": "sigma"}
    sigma: float = Field(default=1.0, gt=0)


class WideBlur(Blur):
    renamed: ClassVar[dict[str, str]] = {"size": "width"}
    width: int = 3


class Blurring(Loss):
    type: Literal["blurring"] = "blurring"
    renamed: ClassVar[dict[str, str]] = {"blurs": "steps"}
    steps: tuple[Blur, ...] = ()

    def build(self, context: LossContext) -> LossTerm:
        return LossTerm()


def test_a_former_name_is_read_with_a_warning_and_written_back_under_the_present_one() -> None:
    with pytest.warns(FutureWarning, match="blur: the field 'spread' is now called 'sigma'"):
        blur = Blur.model_validate({"spread": 2.0})
    assert blur.model_dump() == {"sigma": 2.0}


def test_the_present_name_is_read_without_a_warning() -> None:
    assert Blur.model_validate({"sigma": 2.0}) == Blur(sigma=2.0)  # warnings are errors in the tests


def test_a_class_keeps_the_former_names_of_its_base() -> None:
    with pytest.warns(FutureWarning) as caught:
        blur = WideBlur.model_validate({"spread": 2.0, "size": 5})
    assert blur == WideBlur(sigma=2.0, width=5)
    assert len(caught) == 2


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(ValidationError, match="'spread' is the former name of 'sigma': give 'sigma' alone"):
        Blur.model_validate({"spread": 2.0, "sigma": 2.0})


def test_a_wrong_value_under_a_former_name_is_refused() -> None:
    with pytest.warns(FutureWarning), pytest.raises(ValidationError, match="greater than 0"):
        Blur.model_validate({"spread": -1.0})


def test_the_schema_shows_the_present_name_alone() -> None:
    assert list(Blur.model_json_schema()["properties"]) == ["sigma"]


def test_a_spec_with_former_names_reads_as_one_with_the_present_names() -> None:
    spec = small_spec(Blurring(), {"losses": [Blurring(steps=(Blur(sigma=2.0),))]})
    written = spec.model_dump(mode="json", by_alias=True)
    (loss,) = written["losses"]
    assert loss["steps"] == [{"sigma": 2.0}]
    loss["blurs"] = [{"spread": 2.0}]
    del loss["steps"]
    with pytest.warns(FutureWarning) as caught:
        read = read_spec(json.loads(json.dumps(written)), components=[Blurring, Noise])
    assert read == spec
    assert [str(warning.message).partition(":")[0] for warning in caught] == ["blurring", "blur"]
    loss["steps"] = []
    with pytest.raises(SpecError, match=r"losses\[0\]\.blurs: 'blurs' is the former name of 'steps'"):
        read_spec(written, components=[Blurring, Noise])
