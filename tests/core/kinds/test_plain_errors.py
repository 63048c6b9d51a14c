"""What is said of wrong values."""

import re
from typing import Annotated, Any, Literal, cast, get_args

import pytest
from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticKnownError, core_schema

from gan_run.core.kinds.plain_errors import said, say

TYPES = get_args(core_schema.ErrorType)
RAW = re.compile(
    r"Input|should|pydantic|https?://docs|<class|instance of|dictionary|tuple|integer|string|boolean|python|"
    r"Value error|frozen|iterable|pattern|validat|deque|datetime",
    re.IGNORECASE,
)


class Context(dict[str, Any]):
    """Has every field that a message may have."""

    def __missing__(self, name: str) -> object:
        return 3 if name.endswith(("length", "digits", "places")) or name in ("gt", "ge", "lt", "le") else "'a' or 'b'"


@pytest.mark.parametrize("value", ["a\nb", 3, None, [1], {"a": {}}, object()])
def test_no_error_of_pydantic_is_shown_as_it_is(value: object) -> None:
    for kind in TYPES:
        says_nothing_raw(kind, value)


def says_nothing_raw(kind: str, value: object) -> None:
    raw = Context(error=ValueError(""), expected="'a' or 'b'")
    error = cast(ErrorDetails, {"type": kind, "loc": ("a",), "msg": "Input should be raw", "input": value, "ctx": raw})
    sentence = say(error)
    assert sentence
    assert not RAW.search(sentence.replace(repr(value), "")), kind
    assert "{" not in sentence.replace('{"a": {}}', "")
    assert "\n" not in sentence
    assert "object at" not in sentence


def test_the_types_are_those_of_pydantic() -> None:
    assert len(TYPES) > 90
    assert PydanticKnownError("greater_than", {"gt": 2}).type in TYPES


class Example(BaseModel):
    number: Annotated[float, Field(gt=0, le=8)] = 1.0
    whole: int = 1
    word: Literal["alpha", "beta"] = "alpha"
    items: Annotated[list[int], Field(min_length=1)] = [1]
    name: Annotated[str, StringConstraints(pattern="^[a-z]+$", max_length=4), said("a name has small letters")] = "a"
    flag: bool = False
    inner: dict[str, int] = {}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"number": 0}, "it has to be greater than 0, not 0"),
        ({"number": 9}, "it has to be at most 8, not 9"),
        ({"whole": float("inf")}, "it has to be a finite number, not Infinity"),
        ({"number": "x"}, "it has to be a number, not 'x'"),
        ({"whole": 1.5}, "it has to be a whole number, not 1.5"),
        ({"whole": None}, "it has to be a whole number, not null"),
        ({"word": "alpa"}, "it has to be 'alpha' or 'beta', not 'alpa'; did you mean 'alpha'?"),
        ({"items": []}, "it needs at least 1 item, not []"),
        ({"items": 3}, "it has to be a list, not 3"),
        ({"name": "a[b"}, "a name has small letters, not 'a[b'"),
        ({"name": "abcde"}, "the text takes at most 4 characters, not 'abcde'"),
        ({"name": 7}, "it has to be a text, not 7"),
        ({"flag": "maybe"}, "it has to be true or false, not 'maybe'"),
        ({"inner": [1]}, "it has to be an object, not [1]"),
        ({"inner": {"a" * 200: "b" * 200}}, f"it has to be a whole number, not '{'b' * 79}…"),
    ],
)
def test_wrong_values_are_said_as_a_spec_has_them(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Example).validate_python(fields)
    assert [say(error) for error in caught.value.errors()] == [sentence]
