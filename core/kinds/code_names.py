"""Names for the codes of a run, and for the categories of discrete ones.

runs/NAME/labels.json    {"codes": {"c1": {"name": "slant", "step": 600},
                                    "category": {"values": {"3": "7"}, "found": {"step": 600, "purity": {"3": 0.9}, …}}}
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gan_run.core.base.errors import CodeError, NotFoundByName, suggest
from gan_run.core.kinds.latent_space import CodeDim, LatentSpace
from gan_run.core.kinds.plain_errors import said, say_first

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^=\[\]#]+$"),
    said("a name has 1 to 100 characters, and none of = # [ and ]"),
]
ValueName = Annotated[str, StringConstraints(min_length=1)]
"""The name of a category. Those of a dataset's classes may have any character."""
INDEX = "#"
"""Before the number of a category, where the names of categories are numbers too."""
WEAK = 0.5
"""The purity below which a name is marked where it is shown."""


class FoundNames(BaseModel):
    """How names of categories were found: from the classes of real images."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    """The step of the checkpoint."""
    split: str
    """The split of the data."""
    images: int
    """How many images of it there were."""
    purity: Mapping[int, float]
    """By category: the share of its images that are of the class it is named by. Names that a user gave have none."""


class CodeName(BaseModel):
    """The names of one code and of its categories, which need not differ from each other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name | None = None
    values: Mapping[int, ValueName] = Field(default_factory=dict)
    """By category."""
    step: int | None = None
    """The step of the checkpoint at which a user last gave a name; None where a version before did not record it."""
    found: FoundNames | None = None
    """Where the other names come from; None if a user gave all."""

    @property
    def given_values(self) -> dict[int, ValueName]:
        """The names of categories that a user gave."""
        purity = self.found.purity if self.found is not None else {}
        return {value: name for value, name in self.values.items() if value not in purity}

    @property
    def given(self) -> list[str]:
        """What a user named, as `gan-run label` takes it after the code: `=slant`, `#3=seven`."""
        named = [f"={self.name}"] if self.name else []
        return [*named, *(f"{INDEX}{value}={name}" for value, name in self.given_values.items())]


class CodeNames(BaseModel):
    """The names of codes, by `str(CodeDim)`: `c1`, or `c[0]` for one of several copies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codes: Mapping[str, CodeName] = Field(default_factory=dict)

    def title(self, code_dim: CodeDim | str) -> str:
        """The code and its name, if it has one: `c1 (slant)`."""
        named = self.codes.get(str(code_dim))
        return f"{code_dim} ({named.name})" if named is not None and named.name else str(code_dim)

    def names_values(self, code_dim: CodeDim) -> bool:
        """Whether any category of a code has a name."""
        return bool(self.codes.get(str(code_dim), CodeName()).values)

    def value_name(self, code_dim: CodeDim, value: float) -> str:
        """The name of a category, or else the value, as files and tables have it."""
        named = self.codes.get(str(code_dim))
        if named is not None and value in named.values:
            return named.values[int(value)]
        return str(value) if isinstance(value, int) else f"{value:.2f}"

    def value_title(self, code_dim: CodeDim, value: float) -> str:
        """The same as people see it: a weak name is marked, `Sandal? 36%`."""
        name = self.value_name(code_dim, value)
        return f"{name}? {self.purity(code_dim, value):.0%}" if self.is_weak(code_dim, value) else name

    def purity(self, code_dim: CodeDim, value: float) -> float | None:
        """The purity of the name of a category; None where it has no name that was found in data."""
        found = self.codes.get(str(code_dim), CodeName()).found
        return None if found is None else found.purity.get(int(value))

    def is_weak(self, code_dim: CodeDim, value: float) -> bool:
        """Whether most images of a category are not what its name says."""
        purity = self.purity(code_dim, value)
        return purity is not None and purity < WEAK

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
            there_is = ", ".join(sorted(names.values()))
            by_number = f"category {text} is {INDEX}{text}"
            raise CodeError(f"{code_dim}={text}: no category is called {text} (there is: {there_is}); {by_number}")
        try:
            return float(text.removeprefix(INDEX))
        except ValueError:
            if names:
                raise CodeError(
                    f"{code_dim}={text}: no category is called {text!r}{suggest(text, names.values())}"
                ) from None
            wanted = "a number is needed, or a name that `gan-run label` gave to a category"
            raise CodeError(f"{code_dim}={text}: {wanted}") from None

    def with_name(self, latents: LatentSpace, code_dim: CodeDim, name: str, step: int | None = None) -> "CodeNames":
        """These names, and one more for a code, that a user gave. Raises CodeError if another code has it."""
        others = {str(other): self.codes[str(other)].name for other in latents.code_dims() if str(other) in self.codes}
        taken = {*map(str, latents.code_dims()), *(other for code, other in others.items() if code != str(code_dim))}
        if name in taken - {str(code_dim)}:
            raise CodeError(f"{name!r} is the name of another code")
        return self._changed(code_dim, name=name, step=step)

    def with_value(
        self, latents: LatentSpace, code_dim: CodeDim, value: float, name: str, step: int | None = None
    ) -> "CodeNames":
        """These names, and one more for a category of a code, that a user gave. Raises CodeError if there is no such
        category."""
        if latents[code_dim.name].cardinality is None:
            raise CodeError(f"{code_dim} has no categories that could be named")
        try:
            category = int(latents[code_dim.name].value(value))
        except ValueError as error:
            raise CodeError(f"{code_dim}{INDEX}{value:g}: {error}") from None
        before = self.codes.get(str(code_dim), CodeName())
        found = before.found
        if found is not None:
            others = {other: purity for other, purity in found.purity.items() if other != category}
            found = found.model_copy(update={"purity": others}) if others else None
        return self._changed(code_dim, values={**before.values, category: name}, found=found, step=step)

    def with_found(self, code_dim: CodeDim, names: Mapping[int, str], found: FoundNames) -> "CodeNames":
        """These names, but those of a code's categories that were found in data before are replaced by `names`."""
        given = self.codes.get(str(code_dim), CodeName()).given_values
        return self._changed(code_dim, values=dict(sorted({**given, **names}.items())), found=found)

    def with_classes(self, latents: LatentSpace, classes: Mapping[str, Sequence[str]]) -> "CodeNames":
        """These names; and where a category has none, that of the class that it stands for.

        Args:
            latents: The model's latents.
            classes: The names of the categories of conditions, by latent.
        """
        codes = dict(self.codes)
        for code_dim in latents.code_dims(classes):
            named = codes.get(str(code_dim), CodeName())
            values = {**dict(enumerate(classes[code_dim.name])), **named.given_values}
            codes[str(code_dim)] = named.model_copy(update={"values": values, "found": None})
        return CodeNames(codes=codes)

    def _changed(self, code_dim: CodeDim, **fields: object) -> "CodeNames":
        before = self.codes.get(str(code_dim), CodeName()).model_dump()
        try:
            changed = CodeName.model_validate(before | fields)
        except ValidationError as error:
            raise CodeError(f"{code_dim}: {say_first(error)}") from None
        return CodeNames(codes={**self.codes, str(code_dim): changed})


NO_CODE_NAMES = CodeNames()
