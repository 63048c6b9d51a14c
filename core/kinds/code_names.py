"""Names for the codes of a run, and for the categories of discrete ones.

runs/NAME/labels.json    {"c1": {"name": "slant"}, "category": {"values": {"3": "7"}}}
"""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gan_run.core.base.errors import CodeError, NotFoundByName, suggest
from gan_run.core.kinds.latent_space import CodeDim, LatentSpace

Name = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^=\[\]#]+$")]
INDEX = "#"
"""Before the number of a category, where the names of categories are numbers too."""


class CodeName(BaseModel):
    """The names of one code and of its categories, which need not differ from each other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name | None = None
    values: Mapping[int, Name] = Field(default_factory=dict)
    """By category."""


class CodeNames(BaseModel):
    """The names of codes, by `str(CodeDim)`: `c1`, or `c[0]` for one of several copies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codes: Mapping[str, CodeName] = Field(default_factory=dict)

    def title(self, code_dim: CodeDim) -> str:
        """The code and its name, if it has one: `c1 (slant)`."""
        named = self.codes.get(str(code_dim))
        return f"{code_dim} ({named.name})" if named is not None and named.name else str(code_dim)

    def names_values(self, code_dim: CodeDim) -> bool:
        """Whether any category of a code has a name."""
        return bool(self.codes.get(str(code_dim), CodeName()).values)

    def value_title(self, code_dim: CodeDim, value: float) -> str:
        """The name of a category, or else the value."""
        named = self.codes.get(str(code_dim))
        if named is not None and value in named.values:
            return named.values[int(value)]
        return str(value) if isinstance(value, int) else f"{value:.2f}"

    def code_dim(self, latents: LatentSpace, text: str) -> CodeDim:
        """Find a latent (`c1`), or a copy of one (`c[0]`), also by the name of either. Raises NotFoundByName."""
        by_name = {named.name: code for code, named in self.codes.items() if named.name}
        code_dims = {str(code_dim): code_dim for code_dim in latents.code_dims()}
        found = code_dims.get(text) or code_dims.get(by_name.get(text, ""))
        if found is not None:
            return found
        name = text.partition("[")[0]
        if name in latents and (count := latents[name].count) > 1:
            raise NotFoundByName(
                f"no latent is called {text!r}: {name} has {count} copies, {name}[0] to {name}[{count - 1}]"
            )
        if name in latents and (shape := latents[name].value_shape):
            raise NotFoundByName(f"{text!r} has values of shape {shape}, and cannot be set or turned by a number")
        raise NotFoundByName(f"no latent is called {text!r}{suggest(text, (*latents, *by_name))}")

    def code_dims(self, latents: LatentSpace, texts: Iterable[str]) -> list[CodeDim]:
        """Find what several texts name, in order; a latent stands for all its copies. Raises NotFoundByName."""
        return latents.code_dims([text if text in latents else str(self.code_dim(latents, text)) for text in texts])

    def number(self, code_dim: CodeDim, text: str) -> float:
        """Read a value as a user writes it: the name of a category, a number, or `#3` for category 3 where names are
        numbers.

        Raises:
            CodeError: The text is none of these, or several categories have this name.
        """
        names = self.codes.get(str(code_dim), CodeName()).values
        found = [value for value, name in names.items() if name == text]
        if len(found) > 1:
            choices = ", ".join(f"{INDEX}{value}" for value in found)
            raise CodeError(f"{code_dim}={text}: several categories are called so: choose one of {choices}")
        if found:
            return float(found[0])
        if text.isdigit() and any(name.isdigit() for name in names.values()):
            raise CodeError(f"{code_dim}={text}: no category is called {text}; {INDEX}{text} is the one of this number")
        try:
            return float(text.removeprefix(INDEX))
        except ValueError:
            hint = suggest(text, names.values()) if names else ""
            raise CodeError(f"{code_dim}={text}: it is written as NAME=NUMBER{hint}") from None

    def with_name(self, latents: LatentSpace, code_dim: CodeDim, name: str) -> "CodeNames":
        """These names, and one more for a code. Raises CodeError if another code has it."""
        others = {str(other): self.codes[str(other)].name for other in latents.code_dims() if str(other) in self.codes}
        taken = {*map(str, latents.code_dims()), *(other for code, other in others.items() if code != str(code_dim))}
        if name in taken - {str(code_dim)}:
            raise CodeError(f"{name!r} is the name of another code")
        return self._changed(code_dim, name=name)

    def with_value(self, latents: LatentSpace, code_dim: CodeDim, value: float, name: str) -> "CodeNames":
        """These names, and one more for a category of a code. Raises CodeError if there is no such category."""
        if latents[code_dim.name].cardinality is None:
            raise CodeError(f"{code_dim} has no categories that could be named")
        try:
            category = int(latents[code_dim.name].value(value))
        except ValueError as error:
            raise CodeError(f"{code_dim}{INDEX}{value:g}: {error}") from None
        before = self.codes.get(str(code_dim), CodeName()).values
        return self._changed(code_dim, values={**before, category: name})

    def _changed(self, code_dim: CodeDim, **fields: object) -> "CodeNames":
        before = self.codes.get(str(code_dim), CodeName()).model_dump()
        try:
            changed = CodeName.model_validate(before | fields)
        except ValidationError as error:
            raise CodeError(f"{code_dim}: {error.errors()[0]['msg']}") from None
        return CodeNames(codes={**self.codes, str(code_dim): changed})


NO_CODE_NAMES = CodeNames()
