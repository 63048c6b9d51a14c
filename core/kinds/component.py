"""A component is its own declaration: a frozen pydantic model whose fields are what a spec may say about it.

A *kind* (`Latent`, `Trunk`, `Loss`, …) is an abstract component that names itself in `kind`; a concrete component
derives from a kind and names itself in `type`. A field annotated with a kind accepts whatever components of that kind
the validation context's catalogue holds, so nothing global has to know what is installed.
"""

import warnings
from abc import ABC
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Protocol, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from gan_run.core.base.errors import NotFoundByName, Place, Problem, suggest
from gan_run.core.images.info import DataInfo


class Catalogue(Protocol):
    """What is installed. The registry implements it."""

    def find(self, kind: str, name: str) -> "type[Component]":
        """The component called `name`; raises `NotFoundByName` with the nearest valid names."""
        ...


@dataclass(frozen=True)
class ValidationContext:
    """The validation context of a spec: what is installed, and the folder that its paths are relative to."""

    catalogue: Catalogue
    folder: Path


class CommandLineText(str):
    """Text given on the command line: as a path it is relative to the current folder, not to the spec's."""


def _anchor(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, (str, Path)):
        return value
    folder = Path.cwd()
    if isinstance(info.context, ValidationContext) and not isinstance(value, CommandLineText):
        folder = info.context.folder
    return folder / Path(value).expanduser()


SpecPath = Annotated[Path, BeforeValidator(_anchor)]
"""A path in a spec. Resolves against the spec's folder, or the current one if given by `--set`."""


def _mistake(title: str, place: tuple[str | int, ...], message: str, value: object) -> ValidationError:
    # PydanticCustomError formats its message: braces in a user's text must not be taken for fields.
    error = PydanticCustomError("gan_run", "{message}", {"message": message})
    return ValidationError.from_exception_data(title, [InitErrorDetails(type=error, loc=place, input=value)])


class Declaration(BaseModel):
    """A part of a spec: a frozen pydantic model that refuses fields it does not declare."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    renamed: ClassVar[Mapping[str, str]] = {}
    """Former field names, each with its present one. A spec may still use a former name: it is read with a
    FutureWarning and written back under the present name. Subclasses add to what their bases declare."""

    @model_validator(mode="before")
    @classmethod
    def _read_fields(cls, data: object) -> object:
        """`data` with former field names replaced. Raises ValidationError for a name that is no field."""
        if not isinstance(data, Mapping):
            return data
        data = cls._with_present_names(data)
        names = {field.alias or name for name, field in cls.model_fields.items()}
        for name in data:
            if name not in names:
                message = f"{name!r} is not a field here{suggest(str(name), names)}"
                raise _mistake(cls.__name__, (str(name),), message, data[name])
        return data

    @classmethod
    def former_names(cls) -> dict[str, str]:
        """The former field names of this class and its bases, each with its present one."""
        return {old: new for base in reversed(cls.__mro__) for old, new in vars(base).get("renamed", {}).items()}

    @classmethod
    def _with_present_names(cls, data: Mapping[str, object]) -> Mapping[str, object]:
        renamed = {old: new for old, new in cls.former_names().items() if old in data}
        for old, new in renamed.items():
            if new in data:
                message = f"{old!r} is the former name of {new!r}: give {new!r} alone"
                raise _mistake(cls.__name__, (old,), message, data[old])
            where = data.get("type", cls.__name__.lower())
            message = f"{where}: the field {old!r} is now called {new!r}; its former name will be refused one day"
            warnings.warn(message, FutureWarning, stacklevel=2)
        return {renamed.get(name, name): value for name, value in data.items()}


Part = TypeVar("Part", bound=Declaration)


Class = Callable[..., Part]
"""A class of parts. Not `type[Part]`, for which mypy lets no abstract class pass, as kinds are."""


class SpecView(Protocol):
    """What a component may see of the spec that it is part of."""

    def part(self, wanted: Class[Part], *place: str | int) -> Part:
        """The part at `place`, which every spec has: `part(Trunk, "discriminator", "trunk")`."""
        ...

    def find(self, wanted: Class[Part], *place: str | int) -> Part | None:
        """The part at `place`, None if there is none of this class: `find(Latent, "latents", "c1")`."""
        ...

    def find_all(self, wanted: Class[Part]) -> Iterator[tuple[Place, Part]]:
        """Every part of this class, nested ones too, with its place."""
        ...

    def check_latent(self, name: str, *place: str | int) -> Iterator[Problem]:
        """The problem, at `place`, of a name that no latent has."""
        ...

    def check_code(self, name: str, *place: str | int) -> Iterator[Problem]:
        """The problem, at `place`, of a name that is neither a latent's nor, as `c[1]`, that of one of its copies."""
        ...

    def check_condition(self, name: str, *place: str | int) -> Iterator[Problem]:
        """The problem, at `place`, of a condition that is no latent or that nobody knows of real images."""
        ...


class Component(Declaration, ABC):
    """Anything a plugin can add. Subclass a kind, not this, unless you declare a new kind."""

    kind: ClassVar[str]

    @classmethod
    def name(cls) -> str:
        """What a spec calls this component: the default of its field `type`, a literal."""
        return str(cls.model_fields["type"].default)

    @classmethod
    def is_kind(cls) -> bool:
        """Whether this class is itself a kind, rather than a component of one."""
        return "kind" in cls.__dict__

    def check(self, spec: SpecView) -> Iterable[Problem]:
        """Mistakes that the spec alone shows (a code nobody defined), placed relative to this component."""
        return ()

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        """Mistakes that only the data shows (labels missing, an image size no network takes), placed likewise."""
        return ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        if cls.is_kind():
            return core_schema.with_info_plain_validator_function(cls._read, metadata={"gan_run_kind": cls.kind})
        return handler(source)

    @classmethod
    def _read(cls, value: object, info: ValidationInfo) -> Self:
        """An installed component of this kind, from what a spec says about it."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
            raise _mistake(cls.__name__, (), f'a {cls.kind} is written as {{"type": "NAME", …}}', value)
        if not isinstance(info.context, ValidationContext):
            raise _mistake(cls.__name__, (), "a mapping is read with gan_run.read_spec, which knows the plugins", value)
        name = value["type"]
        try:
            chosen = info.context.catalogue.find(cls.kind, name)
        except NotFoundByName as error:
            raise _mistake(cls.__name__, ("type",), str(error), name) from None
        component = chosen.model_validate({**value, "type": chosen.name()}, context=info.context)
        assert isinstance(component, cls)
        # A name qualified by its distribution stays qualified, so that what is written reads back as the same thing.
        return component if name == chosen.name() else component.model_copy(update={"type": name})
