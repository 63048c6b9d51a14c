"""What is wrong with a value, in plain words: pydantic's errors name Python's types, and patterns."""

import json
import re
from collections.abc import Mapping

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import ErrorDetails

from gan_run.core.base.errors import nearest
from gan_run.core.kinds.declaration import mistake

LARGEST_PLAIN = 1e15
SHOWN = 80
"""Characters of a wrong value that are shown."""

SAID: Mapping[str, str] = {
    "missing": "this field is required",
    "recursion_loop": "it refers to itself",
    "recursion_depth_exceeded": "it is nested too deep",
    "extra_forbidden": "there is no such field here",
    "invalid_key": "its names have to be texts",
    "none_required": "it has to be null",
    "greater_than": "it has to be greater than {gt}",
    "greater_than_equal": "it has to be at least {ge}",
    "less_than": "it has to be less than {lt}",
    "less_than_equal": "it has to be at most {le}",
    "multiple_of": "it has to be a multiple of {multiple_of}",
    "finite_number": "it has to be a finite number",
    "too_short": "it needs at least {min_length} items",
    "too_long": "it takes at most {max_length} items",
    "string_too_short": "the text needs at least {min_length} characters",
    "string_too_long": "the text takes at most {max_length} characters",
    "string_not_ascii": "the text has to be of plain letters, digits and signs (ASCII)",
    "string_pattern_mismatch": "the text has characters that this field does not take, or lacks one that it needs",
    "enum": "it has to be {expected}",
    "literal_error": "it has to be {expected}",
    "bool_parsing": "it has to be true or false",
    "int_from_float": "it has to be a whole number",
    "int_parsing": "it has to be a whole number",
    "int_parsing_size": "it has to be a whole number of fewer digits",
    "float_parsing": "it has to be a number",
    "set_item_not_hashable": "its items have to be texts or numbers",
    "date_past": "it has to be a date in the past",
    "date_future": "it has to be a date in the future",
    "datetime_past": "it has to be a time in the past",
    "datetime_future": "it has to be a time in the future",
    "url_scheme": "the address has to begin with {expected_schemes}",
    "url_too_long": "the address takes at most {max_length} characters",
    "decimal_max_digits": "the number takes at most {max_digits} digits",
    "decimal_max_places": "the number takes at most {decimal_places} digits after the point",
    "decimal_whole_digits": "the number takes at most {whole_digits} digits before the point",
}
"""Sentences by the type of an error, with the fields of its context."""

WANTED: tuple[tuple[str, str], ...] = (
    ("string", "a text"),
    ("path", "a path, as text"),
    ("int", "a whole number"),
    ("float", "a number"),
    ("decimal", "a number"),
    ("fraction", "a number"),
    ("complex", "a number"),
    ("bool", "true or false"),
    ("list", "a list"),
    ("tuple", "a list"),
    ("deque", "a list"),
    ("named_tuple", "a list"),
    ("iterable", "a list"),
    ("set", "a list"),
    ("frozen_set", "a list"),
    ("dict", "an object"),
    ("frozen_dict", "an object"),
    ("ordered_dict", "an object"),
    ("counter", "an object"),
    ("mapping", "an object"),
    ("model", "an object"),
    ("dataclass", "an object"),
    ("date", "a date, such as 2024-12-31"),
    ("datetime", "a date and a time, such as 2024-12-31T23:59"),
    ("time", "a time, such as 23:59"),
    ("url", "an address, such as https://example.org"),
    ("uuid", "a UUID"),
    ("bytes", "a text"),
)
"""What a field takes, by what the type of an error begins with: `int_type`, `int_parsing`."""

FALLBACK = "this field does not take it"


def say(error: ErrorDetails) -> str:
    """What is wrong with a value.

    Args:
        error: One of the errors that pydantic found.

    Returns:
        A sentence without Python's words, and the value, if it is one that a spec can hold.
    """
    kind, context = error["type"], error.get("ctx", {})
    if kind == "gan_run":
        return error["msg"]
    if kind in ("value_error", "assertion_error") and str(context.get("error", "")):
        return str(context["error"])  # the text is that of a component's own validator
    sentence = SAID.get(kind) or _wanted(kind)
    try:
        sentence = sentence.format(**{name: _number(value) for name, value in context.items()})
    except KeyError:
        sentence = FALLBACK
    return sentence if kind == "missing" else f"{_singular(sentence)}{_not(error['input'])}{_near(error)}"


def say_first(error: ValidationError) -> str:
    """What is wrong with the first value that pydantic refused, with its place, if it has one."""
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {say(first)}" if place else say(first)


def said(sentence: str) -> WrapValidator:
    """Marks a text with a pattern: what is said of one that does not match it.

    Args:
        sentence: Which texts the field takes.

    Returns:
        What an `Annotated` type has after its constraints.

    Example:
        Name = Annotated[str, StringConstraints(pattern=r"^[a-z]+$"), said("a name has the letters a to z")]
    """

    def validate(value: object, handler: ValidatorFunctionWrapHandler) -> object:
        try:
            return handler(value)
        except ValidationError as error:
            if error.errors()[0]["type"] not in ("string_pattern_mismatch", "string_too_short"):
                raise
            raise mistake("text", (), f"{sentence}{_not(value)}", value) from None

    return WrapValidator(validate)


def _wanted(kind: str) -> str:
    for what, wanted in sorted(WANTED, key=lambda pair: -len(pair[0])):
        if kind.startswith(f"{what}_"):
            return f"it has to be {wanted}"
    return FALLBACK


def _near(error: ErrorDetails) -> str:
    """The end of the sentence of a word that is none of those that the field takes."""
    if error["type"] not in ("literal_error", "enum") or not isinstance(error["input"], str):
        return ""
    near = nearest(error["input"], re.findall("'([^']*)'", error["ctx"]["expected"]))
    return f"; did you mean {near!r}?" if near else ""


def _number(value: object) -> object:
    """A bound as a person writes it: 0 in place of 0.0."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_PLAIN else value


def _singular(sentence: str) -> str:
    return sentence.replace(" 1 items", " 1 item").replace(" 1 characters", " 1 character")


def _not(value: object) -> str:
    """The end of a sentence: the wrong value as a spec has it; nothing for one that no spec can hold."""
    shown = _shown(value)
    return "" if shown is None else f", not {shown if len(shown) <= SHOWN else f'{shown[:SHOWN]}…'}"


def _shown(value: object) -> str | None:
    if isinstance(value, str):
        return repr(str(value[: SHOWN + 1]))  # characters that do not print are escaped
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return None
