import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from gan_run import Augmentation, Declaration, Loss, LossContext, LossTerm, Scheduled, SpecPath
from gan_run.registry.describe import FieldText, fields_of, nested_fields_of, summary
from gan_run.registry.plugins import Registry


class Part(Declaration):
    width: int = Field(default=4, ge=1, multiple_of=2, description="Its width.")
    parts: tuple["Part", ...] = Field(default=(), description="Parts of it.")


class Sample(Loss):
    """A loss of every sort of field,
    in two lines.

    More of it.
    """

    type: Literal["sample"] = "sample"
    start: Scheduled = Field(description="Number or schedule.")
    share: float | None = Field(default=None, gt=0, le=1)
    how: Literal["much", "little"] = "much"
    sizes: dict[str, Annotated[int, Field(ge=1)]] = Field(default={}, min_length=1)
    augment: tuple[Augmentation, ...] = ()
    file: SpecPath = Path("~/a").expanduser()
    part: Part = Part()

    def build(self, context: LossContext) -> LossTerm:
        return LossTerm()


def test_fields_are_described_as_a_person_writes_them() -> None:
    rows = {field.name: (field.type, field.default) for field in fields_of(Sample)}
    assert rows == {
        "weight": ("number or schedule", "1.0"),
        "every": ("whole number ≥ 1", "1"),
        "start": ("number or schedule", None),
        "share": ("number > 0, ≤ 1 or null", "null"),
        "how": ('"much", "little"', '"much"'),
        "sizes": ("whole number ≥ 1 by name, at least 1 long", "{}"),
        "augment": ("list of augmentation", "[]"),
        "file": ("path", '"~/a"'),
        "part": ("object", '{"width": 4, "parts": []}'),
    }
    assert summary(Sample) == "A loss of every sort of field, in two lines."


def test_the_fields_of_an_object_follow_it_once() -> None:
    names = [field.name for field in nested_fields_of(Sample)]
    assert names[-3:] == ["part", "part.width", "part.parts"]
    (width,) = [field for field in nested_fields_of(Sample) if field.name == "part.width"]
    assert width == FieldText("part.width", "whole number ≥ 1, a multiple of 2", "4", "Its width.")


def test_a_kind_is_written_as_the_reader_needs_it() -> None:
    rows = {field.name: field.type for field in fields_of(Sample, lambda kind: f"<{kind}>")}
    assert (rows["augment"], rows["weight"]) == ("list of <augmentation>", "number or <schedule>")


def test_every_component_can_be_described(registry: Registry) -> None:
    for kind in registry.catalogue.kinds():
        for name, entry in registry.catalogue.named(kind):
            assert summary(entry.component), name
            for field in nested_fields_of(entry.component):
                assert field.type, (name, field)
                assert "<class" not in field.type, (name, field)
                assert "typing." not in field.type, (name, field)
                assert field.default is None or json.loads(field.default) is not Ellipsis
