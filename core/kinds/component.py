"""Components: frozen pydantic models whose fields are the component's fields in a spec.

A *kind* (`Latent`, `Trunk`, `Loss`, …) is an abstract component with its own `kind`; a concrete component derives from
a kind and has a field `type`, its name in a spec. A field annotated with a kind accepts the components of that kind in
the validation context's catalogue. There is no global registry.
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
from gan_run.core.kinds.latent_space import LatentSpace


class Catalogue(Protocol):
    """The installed components. The registry implements it."""

    def find(self, kind: str, name: str) -> "type[Component]":
        """Find a component.

        Args:
            kind: Name of its kind, such as "loss".
            name: Its name in a spec.

        Returns:
            The component's class.

        Raises:
            NotFoundByName: No component of this kind has this name; the message gives the nearest names.
        """
        ...


@dataclass(frozen=True)
class ValidationContext:
    """The context in which a spec is validated."""

    catalogue: Catalogue
    """The installed components."""
    folder: Path
    """The folder that the spec's paths are relative to."""


class CommandLineText(str):
    """Text from the command line: as a path it is relative to the current folder, not to the spec's folder."""


def _anchor(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, (str, Path)):
        return value
    folder = Path.cwd()
    if isinstance(info.context, ValidationContext) and not isinstance(value, CommandLineText):
        folder = info.context.folder
    return folder / Path(value).expanduser()


SpecPath = Annotated[Path, BeforeValidator(_anchor)]
"""The type of a field that holds a path: relative to the spec's folder, or to the current folder if given by `--set`.
"""


def mistake(title: str, place: Place, message: str, value: object) -> ValidationError:
    """The error of a validator.

    Args:
        title: Name of the class that is validated.
        place: Path of the wrong value, relative to the class.
        message: What is wrong.
        value: The wrong value.

    Returns:
        An error to raise.
    """
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
        data = cls.with_present_names(data)
        if cls.model_config.get("extra") != "forbid":
            return data
        names = {field.alias or name for name, field in cls.model_fields.items()}
        for name in data:
            if name not in names:
                message = f"{name!r} is not a field here{suggest(str(name), names)}"
                raise mistake(cls.__name__, (str(name),), message, data[name])
        return data

    @classmethod
    def former_names(cls) -> dict[str, str]:
        """The former field names of this class and its bases.

        Returns:
            Present names by former ones.
        """
        return {old: new for base in reversed(cls.__mro__) for old, new in vars(base).get("renamed", {}).items()}

    @classmethod
    def with_present_names(cls, data: Mapping[str, object]) -> Mapping[str, object]:
        """Replace former field names, with a FutureWarning for each.

        Args:
            data: Fields by name.

        Returns:
            Fields by present name.

        Raises:
            ValidationError: A field has both its former and its present name.
        """
        renamed = {old: new for old, new in cls.former_names().items() if old in data}
        for old, new in renamed.items():
            if new in data:
                message = f"{old!r} is the former name of {new!r}: give {new!r} alone"
                raise mistake(cls.__name__, (old,), message, data[old])
            where = data.get("type", cls.__name__.lower())
            message = f"{where}: the field {old!r} is now called {new!r}; its former name will be refused one day"
            warnings.warn(message, FutureWarning, stacklevel=2)
        return {renamed.get(name, name): value for name, value in data.items()}


Part = TypeVar("Part", bound=Declaration)


Class = Callable[..., Part]
"""A class of parts. Not `type[Part]`: mypy accepts no abstract class, such as a kind, in its place."""


class SpecView(Protocol):
    """The spec that a component is part of, as its `check` sees it. A place is a path of field names and indices."""

    def part(self, wanted: Class[Part], *place: str | int) -> Part:
        """The part at a place that every spec has: `part(Trunk, "discriminator", "trunk")`.

        Args:
            wanted: Class of the part.
            place: Its path in the spec.

        Returns:
            The part.
        """
        ...

    def find(self, wanted: Class[Part], *place: str | int) -> Part | None:
        """The part at a place that a spec may have: `find(Latent, "latents", "c1")`.

        Args:
            wanted: Class of the part.
            place: Its path in the spec.

        Returns:
            The part, or None if there is no part of this class at this place.
        """
        ...

    def find_all(self, wanted: Class[Part]) -> Iterator[tuple[Place, Part]]:
        """All parts of a class, nested ones included.

        Args:
            wanted: Class of the parts.

        Returns:
            Each part with its path, in the spec's order.
        """
        ...

    def check_latent(self, name: str, *place: str | int) -> Iterator[Problem]:
        """Check that the spec has a latent of this name.

        Args:
            name: The name.
            place: Path of the field that holds it, relative to the component.

        Returns:
            The problem, if there is one.
        """
        ...

    def check_code(self, name: str, *place: str | int) -> Iterator[Problem]:
        """Check that a name is a latent's, or that of one of its copies: `c[1]`.

        Args:
            name: The name.
            place: Path of the field that holds it, relative to the component.

        Returns:
            The problem, if there is one.
        """
        ...

    def latent_space(self, data: DataInfo) -> LatentSpace:
        """Build the latents of the spec, to see whether one is discrete or cyclic and what it has for columns.

        Args:
            data: The dataset's description, which the latents fit: they are checked first.

        Returns:
            The modules, by name.
        """
        ...

    def check_condition(self, name: str, *place: str | int) -> Iterator[Problem]:
        """Check that a name is that of a latent whose value on real images a column determines or a loss computes.

        Args:
            name: The name.
            place: Path of the field that holds it, relative to the component.

        Returns:
            The problem, if there is one.
        """
        ...


class Component(Declaration, ABC):
    """Anything that a plugin can add. Subclass a kind; subclass `Component` itself only to declare a new kind."""

    kind: ClassVar[str]

    @classmethod
    def name(cls) -> str:
        """The component's name in a spec.

        Returns:
            The default of its field `type`, a literal.
        """
        return str(cls.model_fields["type"].default)

    @classmethod
    def is_kind(cls) -> bool:
        """Whether this class is a kind rather than a component of one.

        Returns:
            True if the class itself, not a base, sets `kind`.
        """
        return "kind" in cls.__dict__

    def files(self) -> Mapping[str, Path]:
        """The files of weights that a run starts from; the run records the SHA-256 of each.

        Returns:
            Paths by the name of the field; none unless a subclass overrides it.
        """
        return {}

    def check(self, spec: SpecView) -> Iterable[Problem]:
        """Find mistakes that show in the spec alone, such as the name of a latent that the spec does not have.

        Args:
            spec: The spec that this component is part of.

        Returns:
            The problems, with places relative to this component.
        """
        return ()

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        """Find mistakes that show with the dataset, such as missing labels or an unsupported image size.

        Args:
            spec: The spec that this component is part of.
            data: The dataset's description.

        Returns:
            The problems, with places relative to this component.
        """
        return ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        if cls.is_kind():
            return core_schema.with_info_plain_validator_function(cls._read, metadata={"gan_run_kind": cls.kind})
        return handler(source)

    @classmethod
    def _read(cls, value: object, info: ValidationInfo) -> Self:
        """The component of this kind that a mapping describes. Raises ValidationError."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
            raise mistake(cls.__name__, (), 'expected {"type": "NAME", …}', value)
        if not isinstance(info.context, ValidationContext):
            raise mistake(cls.__name__, (), "only gan_run.read_spec can read a mapping: it finds plugins", value)
        name = value["type"]
        try:
            chosen = info.context.catalogue.find(cls.kind, name)
        except NotFoundByName as error:
            raise mistake(cls.__name__, ("type",), str(error), name) from None
        component = chosen.model_validate({**value, "type": chosen.name()}, context=info.context)
        assert isinstance(component, cls)
        # A name qualified by its distribution stays qualified, so that it is written back as it was read.
        return component if name == chosen.name() else component.model_copy(update={"type": name})
