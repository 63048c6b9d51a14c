"""The artifact `traversal`: one code changes, everything else is fixed (Chen et al. 2016, figures 2 to 6)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field

from gan_run import Model, Problem, SpecView, Splits, Traversals
from gan_run.plugins.pictures.standard.drawn_images import DrawnImages


class Traversal(DrawnImages):
    """One picture per code: the code changes from left to right, and each row has its own fixed noise.

    With `frames`, also a GIF per code, in which each row of the picture is one moving image.
    """

    type: Literal["traversal"] = "traversal"
    codes: tuple[str, ...] | None = Field(
        default=None, description="Latents to traverse, or copies: c[1]. All codes by default."
    )
    low: float | None = Field(
        default=None, description="First value of real-valued codes; null for the start of their range."
    )
    high: float | None = Field(
        default=None, description="Last value of real-valued codes; null for the end of their range."
    )
    steps: int = Field(default=10, ge=2, le=1000, description="Columns of a code that is not categorical.")
    rows: int = Field(default=5, ge=1, le=1000, description="Rows of images, each with its own fixed noise.")
    frames: int | None = Field(
        default=None, ge=2, le=1000, description="Frames of a GIF of a code that is not categorical; null for no GIF."
    )

    @property
    def folder(self) -> str:
        return "traversals"

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for index, code in enumerate(self.codes or ()):
            yield from spec.check_code(code, "codes", index)

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        fields = {
            name: getattr(self, name)
            for name in ("codes", "low", "high", "steps", "rows", "frames", "channels", "options")
        }
        return Traversals(**fields).render(model, stem)
