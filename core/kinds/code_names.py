"""What a run's codes turned out to mean: names for codes, and for the values of discrete ones.

runs/NAME/labels.json    {"c1": {"name": "slant"}, "category": {"values": {"3": "7"}}}
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gan_run.core.base.errors import NotFoundByName, suggest
from gan_run.core.kinds.latent_space import CodeDim, LatentSpace

Name = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^=\[\]#]+$")]
INDEX = "#"
"""Before the number of a category, where labels are numbers too."""


class CodeName(BaseModel):
    """Of one code_dim."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name | None = None
    values: Mapping[int, Name] = Field(default_factory=dict)
    """By category. Several categories may show the same."""


class Labels(BaseModel):
    """Names by code_dim, as `str(code_dim)` writes it. A code without one goes by its own name alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codes: Mapping[str, CodeName] = Field(default_factory=dict)

    def title(self, code_dim: CodeDim) -> str:
        """Both names of a code_dim."""
        labels = self.codes.get(str(code_dim))
        return f"{code_dim} ({labels.name})" if labels is not None and labels.name else str(code_dim)

    def value_title(self, code_dim: CodeDim, value: float) -> str:
        """What a value of a code_dim is called."""
        labels = self.codes.get(str(code_dim))
        if labels is not None and value in labels.values:
            return labels.values[int(value)]
        return str(value) if isinstance(value, int) else f"{value:.2f}"

    def code_dim(self, latents: LatentSpace, text: str) -> CodeDim:
        """The code_dim written as `name`, `name[copy]`, or by its label. Raises NotFoundByName with the nearest."""
        by_label = {labels.name: code for code, labels in self.codes.items() if labels.name}
        code_dims = {str(code_dim): code_dim for code_dim in latents.code_dims()}
        found = code_dims.get(text) or code_dims.get(by_label.get(text, ""))
        if found is None:
            raise NotFoundByName(f"no code is called {text!r}{suggest(text, (*code_dims, *by_label))}")
        return found

    def number(self, code_dim: CodeDim, text: str) -> float:
        """A value as a user writes it: by its label, as a number, or `#3` for category 3 where labels are numbers.

        Raises ValueError for what is none of these, and where several categories bear the label.
        """
        labels = self.codes.get(str(code_dim), CodeName())
        bearing = [value for value, name in labels.values.items() if name == text]
        if len(bearing) > 1:
            choices = ", ".join(f"{INDEX}{value}" for value in bearing)
            raise ValueError(f"{code_dim}={text}: several categories are called so: choose one of {choices}")
        if bearing:
            return float(bearing[0])
        if text.isdigit() and any(name.isdigit() for name in labels.values.values()):
            raise ValueError(
                f"{code_dim}={text}: no category is called {text}; {INDEX}{text} is the one of this number"
            )
        try:
            return float(text.removeprefix(INDEX))
        except ValueError:
            hint = suggest(text, labels.values.values()) if labels.values else ""
            raise ValueError(f"{code_dim}={text}: it is written as NAME=NUMBER{hint}") from None

    def with_name(self, latents: LatentSpace, code_dim: CodeDim, name: str) -> "Labels":
        """These, and `name` for a code_dim. Raises ValueError where it is taken by another."""
        others = {str(other): self.codes[str(other)].name for other in latents.code_dims() if str(other) in self.codes}
        taken = {*map(str, latents.code_dims()), *(other for code, other in others.items() if code != str(code_dim))}
        if name in taken - {str(code_dim)}:
            raise ValueError(f"{name!r} is the name of another code")
        return self._changed(code_dim, name=name)

    def with_value(self, latents: LatentSpace, code_dim: CodeDim, value: float, name: str) -> "Labels":
        """These, and `name` for a category of a code_dim. Raises ValueError where there is no such category."""
        if latents[code_dim.name].cardinality is None:
            raise ValueError(f"{code_dim} has no categories that could be named")
        category = int(latents[code_dim.name].value(value))
        before = self.codes.get(str(code_dim), CodeName()).values
        return self._changed(code_dim, values={**before, category: name})

    def _changed(self, code_dim: CodeDim, **fields: object) -> "Labels":
        """Validated anew, so that a name no one could write again is refused."""
        before = self.codes.get(str(code_dim), CodeName()).model_dump()
        return Labels(codes={**self.codes, str(code_dim): CodeName.model_validate(before | fields)})


NO_CODE_NAMES = Labels()
