"""The artifact `samples`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field

from gan_run import (
    DataInfo,
    Model,
    Problem,
    SpecView,
    Splits,
    image_grid,
    save_png,
)
from gan_run.plugins.pictures.standard.drawn_images import DrawnImages


class Samples(DrawnImages):
    """A grid of fresh samples, with a column per category if there is a categorical code."""

    type: Literal["samples"] = "samples"
    rows: int = Field(default=10, ge=1, le=1000, description="Rows of images.")
    columns: int = Field(default=10, ge=1, le=1000, description="Columns, if there is no categorical code.")
    code: str | None = Field(
        default=None, description="The categorical latent of the columns; by default the first categorical code."
    )

    @property
    def folder(self) -> str:
        return "samples"

    def check(self, spec: SpecView) -> Iterable[Problem]:
        return () if self.code is None else spec.check_latent(self.code, "code")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        yield from super().check_data(spec, data)
        if self.code is not None and spec.latent_space(data)[self.code].cardinality is None:
            yield Problem(("code",), f"{self.code!r} is not categorical: the columns need categories")

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        code = self._categorical(model)
        categories = None if code is None else model.latents[code].traversal_values(1)
        columns = self.columns if categories is None else len(categories)
        values = model.sample_latents(self.rows * columns)
        if code is not None and categories is not None:
            # Of several copies only the first is set; the others are random, like the noise.
            code_dim = model.latents.code_dims([code])[0]
            values = model.latents.with_value(values, code_dim, categories.repeat(self.rows))
        path = stem.with_name(f"{stem.name}.png")
        save_png(image_grid(model.generate(values, self.options), columns, self.channels), path)
        return [path]

    def _categorical(self, model: Model) -> str | None:
        if self.code is not None:
            return self.code
        codes = (name for name in model.latents if name in model.codes)
        return next((name for name in codes if model.latents[name].cardinality is not None), None)
