"""Reads the JSON of a spec into a `Spec`, and reports every mistake with its place."""

import json
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from gan_run.core.base.errors import Place, Problem, SpecError
from gan_run.core.kinds.component import Catalogue, ValidationContext
from gan_run.core.kinds.declaration import Declaration
from gan_run.core.kinds.spec import Spec
from gan_run.registry.overrides import apply_overrides

Chosen = TypeVar("Chosen", bound=Declaration)


def read_json(path: Path) -> dict[str, object]:
    """The JSON object in a file. Raises SpecError with line and column if the JSON is invalid."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise SpecError([Problem((), f"line {error.lineno}, column {error.colno}: {error.msg}")], str(path)) from None
    except (OSError, ValueError) as error:
        raise SpecError([Problem((), str(error))], str(path)) from None
    if not isinstance(content, dict):
        raise SpecError([Problem((), "a spec is a JSON object: { … }")], str(path))
    return content


def read_spec(
    content: Mapping[str, object], catalogue: Catalogue, folder: Path, source: str, overrides: Iterable[str] = ()
) -> Spec:
    """The spec that `content` describes, with `PLACE=VALUE` overrides. Raises SpecError with every mistake found."""
    spec = _validated(Spec, apply_overrides(content, overrides), ValidationContext(catalogue, folder.resolve()), source)
    if problems := spec.problems():
        raise SpecError(problems, source)
    return spec


def read_recorded_spec(
    content: Mapping[str, object], catalogue: Catalogue, folder: Path, source: str, overrides: Iterable[str] = ()
) -> Spec:
    """The spec of a run folder. Former names of fields cost no warning: gan-run wrote them. Raises as `read_spec`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return read_spec(content, catalogue, folder, source, overrides)


def read_component(kind: type[Chosen], content: Mapping[str, object], catalogue: Catalogue, source: str) -> Chosen:
    """The component of a kind that `content` describes, by itself. Raises SpecError with every mistake found."""
    return _validated(kind, content, ValidationContext(catalogue, Path.cwd()), source)


def _validated(wanted: type[Chosen], content: Mapping[str, object], context: ValidationContext, source: str) -> Chosen:
    try:
        return TypeAdapter(wanted).validate_python(content, context=context)
    except ValidationError as error:
        problems = [Problem(_place(e, content), _message(e)) for e in _causes(error.errors(include_url=False))]
        raise SpecError(problems, source) from None


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return content


def _causes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """`errors` without those that follow from others: pydantic drops invalid items, then finds the list too short."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if not (
            error["type"] == "too_short"
            and any(len(place) > len(error["loc"]) and place[: len(error["loc"])] == error["loc"] for place in places)
        )
    ]


def _place(error: ErrorDetails, content: object) -> Place:
    """Where in the file a mistake is: pydantic's location without the steps that are no part of the data."""
    place: list[str | int] = []
    here = content
    for step in error["loc"]:
        if isinstance(here, Mapping) and step in here:
            here = here[str(step)]
        elif isinstance(here, (list, tuple)) and isinstance(step, int) and step < len(here):
            here = here[step]
        elif not (error["type"] == "missing" and step == error["loc"][-1]):
            continue
        place.append(step)
    return tuple(place)


def _message(error: ErrorDetails) -> str:
    if error["type"] == "missing":
        return "this field is required"
    shown = repr(error["input"])
    return error["msg"] if error["type"] == "gan_run" else f"{error['msg']}, not {shown[:80]}"
