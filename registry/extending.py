"""Specs that extend another one: `"extends": "infogan-mnist"`, a recipe, or a file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from gan_run.core.base.errors import NotFoundByName, Place, Problem, SpecError
from gan_run.core.base.files import exists
from gan_run.core.kinds.spec_path import anchored, expand_home, expand_variables
from gan_run.registry.recipes import recipe_content
from gan_run.registry.spec_files import FORMATS, read_content, read_file

EXTENDS = "extends"


@dataclass(frozen=True)
class Layer:
    """One of the specs that a spec consists of.

    Attributes:
        fields: As its file gives them.
        source: The file or recipe.
    """

    fields: Mapping[str, object]
    source: str


@dataclass(frozen=True)
class Layers:
    """A spec, and those that it extends, the nearest first."""

    layers: tuple[Layer, ...]

    def fields(self) -> Mapping[str, object]:
        """The fields of all: an object is merged with that of the spec below by key, any other value replaces it."""
        merged = reduce(_merged, (layer.fields for layer in reversed(self.layers)))
        return {name: value for name, value in merged.items() if name != EXTENDS}

    def placed(self, problem: Problem, content: object) -> Problem:
        """The problem, with the base that the value at its place in `content` is from."""
        place = problem.place
        while not (found := _at(content, place)):  # of a missing field, the object that misses it
            place = place[:-1]
        sources = [layer.source for layer in self.layers if _at(layer.fields, place) == found]
        if not sources or sources[0] == self.layers[0].source:
            return problem
        return Problem(problem.place, f"{problem.message} (in {sources[0]})")


def read_layers(fields: Mapping[str, object], folder: Path, source: str) -> Layers:
    """A spec with all that it extends.

    Args:
        fields: The spec's own fields.
        folder: The folder that the file it extends is relative to.
        source: The file that it is from, for messages.

    Raises:
        SpecError: There is no such recipe or file, a file cannot be read, or specs extend each other in a circle.
    """
    return Layers(tuple(_layers(fields, folder, source)))


def _layers(fields: Mapping[str, object], folder: Path, source: str) -> Iterator[Layer]:
    chain = [source]
    yield Layer(fields, source)
    while EXTENDS in fields:
        try:
            fields, folder, base = _read_base(fields[EXTENDS], folder)
        except ValueError as error:
            if isinstance(error, SpecError):
                raise
            raise SpecError([Problem((EXTENDS,), str(error))], source) from None
        if base in chain:
            circle = " extends ".join([*chain[chain.index(base) :], base])
            raise SpecError([Problem((EXTENDS,), f"a circle: {circle}")], source)
        source = base
        chain.append(source)
        yield Layer(fields, source)


def _read_base(name: object, folder: Path) -> tuple[Mapping[str, object], Path, str]:
    """The fields of a base, its folder and what it is called. Raises ValueError."""
    if not isinstance(name, str):
        raise ValueError("it is the name of one recipe or file")
    path = Path(name)
    if path.suffix.lower() not in FORMATS and "/" not in name:
        # A recipe's paths are relative to the file that extends it, as if it were printed beside it.
        source = f"the recipe {name}"
        fields = read_content(_recipe(name), source, FORMATS[".json"])
    else:
        path = _resolved(folder / expand_home(Path(expand_variables(name))))
        if not exists(path) or not path.is_file():
            raise ValueError(f"there is no file {path}")
        fields, folder, source = read_file(path), path.parent, str(path)
    return {key: anchored(value, folder) for key, value in fields.items()}, folder, source


def _resolved(path: Path) -> Path:
    """Raises ValueError for a path that leads nowhere."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # links that lead to each other
        raise ValueError(f"there is no file {path}") from None


def _recipe(name: str) -> bytes:
    try:
        return recipe_content(name)
    except NotFoundByName as error:
        raise ValueError(f"{error}; a file is written with its ending, such as {name}.yaml") from None


def _merged(base: Mapping[str, object], over: Mapping[str, object]) -> Mapping[str, object]:
    if "type" in over and over["type"] != base.get("type"):  # another component: the fields of the former are not its
        return over
    merged = dict(base)
    for key, value in over.items():
        below = base.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _at(content: object, place: Place) -> list[object]:
    """The value at a place; nothing if there is none."""
    for step in place:
        if isinstance(content, Mapping) and step in content:
            content = content[str(step)]
        elif isinstance(content, (list, tuple)) and isinstance(step, int) and step < len(content):
            content = content[step]
        else:
            return []
    return [content]
