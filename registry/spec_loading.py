"""Reads the fields of a spec into a `Spec`, and reports every mistake with its place."""

import warnings
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from gan_run.core.base.errors import Place, Problem, SpecError
from gan_run.core.kinds.component import Catalogue, ValidationContext
from gan_run.core.kinds.declaration import Declaration
from gan_run.core.kinds.plain_errors import say
from gan_run.core.kinds.spec import Spec
from gan_run.registry.extending import read_layers
from gan_run.registry.overrides import apply_overrides, place_of
from gan_run.registry.plain_values import TOO_DEEP, too_large, unusable

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
    if problem := too_large(content):
        raise SpecError([problem], source)
    layers = read_layers(content, folder.resolve(), source)
    context = ValidationContext(catalogue, folder.resolve(), recorded)
    overrides = tuple(overrides)
    default = partial(_default_list, context)
    fields = apply_overrides(layers.fields(), overrides, default)
    try:
        try:
            spec = _validated(Spec, fields, context, source)
        except TextWanted as error:
            # A number on the command line is a text where the field takes texts: a name, a folder.
            given = {tuple(place_of(override)) for override in overrides}
            if not (texts := given & error.places):
                raise
            fields = apply_overrides(layers.fields(), overrides, default, texts)
            spec = _validated(Spec, fields, context, source)
        if problems := spec.problems(recorded=recorded):
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


class TextWanted(SpecError):
    """Fields that take texts have other values, at these places."""

    def __init__(self, problems: Iterable[Problem], source: str, places: Iterable[Place]) -> None:
        super().__init__(problems, source)
        self.places = frozenset(places)


def _validated(wanted: type[Chosen], content: Mapping[str, object], context: ValidationContext, source: str) -> Chosen:
    if problem := unusable(content):
        raise SpecError([problem], source)
    try:
        return TypeAdapter(wanted).validate_python(content, context=context)
    except ValidationError as error:
        placed = [(_place(e, content), e) for e in _causes(error.errors(include_url=False))]
        problems = dict.fromkeys(Problem(place, say(e)) for place, e in placed)  # an item may fit no part of a union
        texts = [place for place, e in placed if e["type"] in ("string_type", "path_type")]
        raise TextWanted(problems, source, texts) from None
    except RecursionError:
        raise SpecError([Problem((), TOO_DEEP)], source) from None


def _default_list(context: ValidationContext, fields: Mapping[str, object], place: Place) -> list[object]:
    """The list that a spec has by default at a place; an empty one where it has none, or is not valid yet."""
    try:
        found: object = TypeAdapter(Spec).validate_python(fields, context=context)
    except ValidationError:
        return []
    for step in place:
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, (list, tuple)):
            found = found[step] if isinstance(step, int) and step < len(found) else None
        else:
            found = getattr(found, str(step), None)
    return list(found) if isinstance(found, (list, tuple)) else []


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
