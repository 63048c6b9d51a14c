"""Strips in which one code changes and everything else is held (Chen et al. 2016, figures 2 to 6)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field

from gan_run import Artifact, Model, Problem, SpecView, Splits, Traversals


class Traversal(Artifact):
    """One picture per code: the code changes from left to right, and each row keeps its own noise. With `frames`, also
    a GIF per code, in which every row of the picture is an image that moves."""

    type: Literal["traversal"] = "traversal"
    codes: tuple[str, ...] | None = Field(
        default=None, description="Latents to traverse, or copies: c[1]. All codes by default."
    )
    low: float | None = Field(
        default=None, description="The first value of real-valued codes; by default the end of their own range."
    )
    high: float | None = Field(default=None, description="Their last value.")
    steps: int = Field(default=10, ge=2, description="Columns, where a code does not have its own number of values.")
    rows: int = Field(default=5, ge=1, description="Rows of images, each with noise of its own that is held.")
    frames: int | None = Field(
        default=None, ge=2, description="Frames of a GIF, where a code does not have its own number of values."
    )

    @property
    def folder(self) -> str:
        return "traversals"

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for index, code in enumerate(self.codes or ()):
            yield from spec.check_code(code, "codes", index)

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        how = Traversals(
            codes=self.codes, low=self.low, high=self.high, steps=self.steps, rows=self.rows, frames=self.frames
        )
        return how.render(model, stem)
