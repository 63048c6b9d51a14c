"""Components: frozen pydantic models whose fields are the component's fields in a spec.

A *kind* (`Latent`, `Trunk`, `Loss`, …) is an abstract component with its own `kind`; a concrete component derives from
a kind and has a field `type`, its name in a spec. A field annotated with a kind accepts the components of that kind in
the validation context's catalogue. There is no global registry.
"""

from abc import ABC
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, Self, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from gan_run.core.base.errors import NotFoundByName, Problem, nearest
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.declaration import Declaration, mistake
from gan_run.core.kinds.spec_view import SpecView


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

    def names(self, kind: str) -> list[str]:
        """The names of the components of a kind, as a spec may give them."""
        ...


@dataclass(frozen=True)
class ValidationContext:
    """The context in which a spec is validated."""

    catalogue: Catalogue
    """The installed components."""
    folder: Path
    """The folder that the spec's paths are relative to."""
    recorded: bool = False
    """gan-run wrote the spec, every path in full: nothing in a path is to be replaced."""


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
            raise mistake(cls.__name__, (), f'expected {{"type": "NAME", …}}{_misspelt_type(value)}', value)
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


def _misspelt_type(value: object) -> str:
    """The end of a message about an object without a `type`: a name in it that may be meant so."""
    near = nearest("type", map(str, value)) if isinstance(value, Mapping) and "type" not in value else None
    return f"; did you mean 'type' by {near!r}?" if near else ""


Listed = TypeVar("Listed", bound=Component)


def numbered_by_type(components: Iterable[Listed]) -> dict[str, Listed]:
    """The components of a list by type; a second one of a type is "TYPE-again-1", a third "TYPE-again-2"."""
    keyed: dict[str, Listed] = {}
    for component in components:
        key = component.name()
        recurring = sum(other == key or other.startswith(f"{key}-again-") for other in keyed)
        keyed[f"{key}-again-{recurring}" if recurring else key] = component
    return keyed
