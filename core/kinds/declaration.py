"""Declarations: frozen pydantic models, the parts of a spec."""

import warnings
from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from gan_run.core.base.errors import Place, suggest


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

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True, serialize_by_alias=True
    )

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
