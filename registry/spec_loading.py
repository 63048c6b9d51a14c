"""Reads the fields of a spec into a `Spec`, and reports every mistake with its place."""

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
from gan_run.registry.extending import read_layers
from gan_run.registry.overrides import apply_overrides

Chosen = TypeVar("Chosen", bound=Declaration)


def read_spec(
    content: Mapping[str, object],
    catalogue: Catalogue,
    folder: Path,
    source: str,
    overrides: Iterable[str] = (),
    *,
    recorded: bool = False,
) -> Spec:
    """The spec that `content` describes, with what it extends and `PLACE=VALUE` overrides. `recorded`: gan-run wrote it
    with every path in full. Raises SpecError with every mistake found."""
    layers = read_layers(content, folder.resolve(), source)
    fields = apply_overrides(layers.fields(), overrides)
    try:
        spec = _validated(Spec, fields, ValidationContext(catalogue, folder.resolve(), recorded), source)
        if problems := spec.problems():
            raise SpecError(problems, source)
    except SpecError as error:
        raise SpecError([layers.placed(problem, fields) for problem in error.problems], source) from None
    return spec


def read_recorded_spec(
    content: Mapping[str, object], catalogue: Catalogue, folder: Path, source: str, overrides: Iterable[str] = ()
) -> Spec:
    """The spec of a run folder. Former names of fields cost no warning: gan-run wrote them. Raises as `read_spec`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return read_spec(content, catalogue, folder, source, overrides, recorded=True)


def read_component(kind: type[Chosen], content: Mapping[str, object], catalogue: Catalogue, source: str) -> Chosen:
    """The component of a kind that `content` describes, by itself. Raises SpecError with every mistake found."""
    return _validated(kind, content, ValidationContext(catalogue, Path.cwd()), source)


def _validated(wanted: type[Chosen], content: Mapping[str, object], context: ValidationContext, source: str) -> Chosen:
    try:
        return TypeAdapter(wanted).validate_python(content, context=context)
    except ValidationError as error:
        problems = [Problem(_place(e, content), _message(e)) for e in _causes(error.errors(include_url=False))]
        raise SpecError(problems, source) from None


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
    if error["type"] == "value_error":  # of a component's own validator
        return str(error["ctx"]["error"])
    shown = repr(error["input"])
    return error["msg"] if error["type"] == "gan_run" else f"{error['msg']}, not {shown[:80]}"
