"""What a run's codes turned out to mean: names for codes, and for the values of discrete ones.

runs/NAME/labels.json    {"c1": {"name": "slant"}, "category": {"values": {"3": "7"}}}
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gan_run.core.base.errors import NotFoundByName, suggest
from gan_run.core.kinds.latent_space import Dial, LatentSpace

Name = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^=\[\]#]+$")]
INDEX = "#"
"""Before the number of a category, where labels are numbers too."""


class CodeLabels(BaseModel):
    """Of one dial."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name | None = None
    values: Mapping[int, Name] = Field(default_factory=dict)
    """By category. Several categories may show the same."""


class Labels(BaseModel):
    """Names by dial, as `str(dial)` writes it. A code without one goes by its own name alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codes: Mapping[str, CodeLabels] = Field(default_factory=dict)

    def title(self, dial: Dial) -> str:
        """Both names of a dial."""
        labels = self.codes.get(str(dial))
        return f"{dial} ({labels.name})" if labels is not None and labels.name else str(dial)

    def value_title(self, dial: Dial, value: float) -> str:
        """What a value of a dial is called."""
        labels = self.codes.get(str(dial))
        if labels is not None and value in labels.values:
            return labels.values[int(value)]
        return str(value) if isinstance(value, int) else f"{value:.2f}"

    def dial(self, latents: LatentSpace, text: str) -> Dial:
        """The dial written as `name`, `name[copy]`, or by its label. Raises NotFoundByName with the nearest."""
        by_label = {labels.name: code for code, labels in self.codes.items() if labels.name}
        dials = {str(dial): dial for dial in latents.dials()}
        found = dials.get(text) or dials.get(by_label.get(text, ""))
        if found is None:
            raise NotFoundByName(f"no code is called {text!r}{suggest(text, (*dials, *by_label))}")
        return found

    def number(self, dial: Dial, text: str) -> float:
        """A value as a user writes it: by its label, as a number, or `#3` for category 3 where labels are numbers.

        Raises ValueError for what is none of these, and where several categories bear the label.
        """
        labels = self.codes.get(str(dial), CodeLabels())
        bearing = [value for value, name in labels.values.items() if name == text]
        if len(bearing) > 1:
            choices = ", ".join(f"{INDEX}{value}" for value in bearing)
            raise ValueError(f"{dial}={text}: several categories are called so: choose one of {choices}")
        if bearing:
            return float(bearing[0])
        if text.isdigit() and any(name.isdigit() for name in labels.values.values()):
            raise ValueError(f"{dial}={text}: no category is called {text}; {INDEX}{text} is the one of this number")
        try:
            return float(text.removeprefix(INDEX))
        except ValueError:
            hint = suggest(text, labels.values.values()) if labels.values else ""
            raise ValueError(f"{dial}={text}: it is written as NAME=NUMBER{hint}") from None

    def with_name(self, latents: LatentSpace, dial: Dial, name: str) -> "Labels":
        """These, and `name` for a dial. Raises ValueError where it is taken by another."""
        others = {str(other): self.codes[str(other)].name for other in latents.dials() if str(other) in self.codes}
        taken = {*map(str, latents.dials()), *(other for code, other in others.items() if code != str(dial))}
        if name in taken - {str(dial)}:
            raise ValueError(f"{name!r} is the name of another code")
        return self._changed(dial, name=name)

    def with_value(self, latents: LatentSpace, dial: Dial, value: float, name: str) -> "Labels":
        """These, and `name` for a category of a dial. Raises ValueError where there is no such category."""
        if latents[dial.name].cardinality is None:
            raise ValueError(f"{dial} has no categories that could be named")
        category = int(latents[dial.name].value(value))
        before = self.codes.get(str(dial), CodeLabels()).values
        return self._changed(dial, values={**before, category: name})

    def _changed(self, dial: Dial, **fields: object) -> "Labels":
        """Validated anew, so that a name no one could write again is refused."""
        before = self.codes.get(str(dial), CodeLabels()).model_dump()
        return Labels(codes={**self.codes, str(dial): CodeLabels.model_validate(before | fields)})


NO_LABELS = Labels()
