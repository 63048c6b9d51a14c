"""A grid of samples."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import torch
from PIL import Image
from pydantic import Field
from torch import Tensor

from gan_run import Artifact, DataInfo, Latent, LatentContext, Model, Problem, SpecView, Splits, to_uint8

CELL = 56
"""Pixels that a cell has at least, each way."""
GAP = 2
"""Pixels between cells."""


class Samples(Artifact):
    """A grid of samples, with one column per category if there is a categorical code."""

    type: Literal["samples"] = "samples"
    rows: int = Field(default=10, ge=1, description="Number of rows.")
    columns: int = Field(default=10, ge=1, description="Number of columns, if there is no categorical code.")
    code: str | None = Field(
        default=None,
        description="The categorical latent with a column per category; by default the first categorical code.",
    )

    @property
    def folder(self) -> str:
        return "samples"

    def check(self, spec: SpecView) -> Iterable[Problem]:
        return () if self.code is None else spec.check_latent(self.code, "code")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        latent = None if self.code is None else spec.find(Latent, "latents", self.code)
        if latent is not None and latent.module(LatentContext(data)).cardinality is None:
            yield Problem(("code",), f"{self.code!r} is not categorical: it has no categories")

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        code = self._categorical(model)
        categories = None if code is None else model.latents[code].cardinality
        columns = categories or self.columns
        values = model.sample_latents(self.rows * columns)
        if code is not None:
            # Of several copies the first is set: the others stay random, like the noise.
            code_dim = model.latents.code_dims([code])[0]
            values = model.latents.with_value(values, code_dim, torch.arange(columns).repeat(self.rows))
        grid = image_grid(model.generate(values), columns)
        path = stem.with_name(f"{stem.name}.png")
        Image.fromarray(grid.permute(1, 2, 0).numpy()).save(path)
        return [path]

    def _categorical(self, model: Model) -> str | None:
        if self.code is not None:
            return self.code
        codes = (name for name in model.latents if name in model.codes)
        return next((name for name in codes if model.latents[name].cardinality is not None), None)


def image_grid(images: Tensor, columns: int) -> Tensor:
    """Images (N, C, H, W) in [-1, 1], row by row in one uint8 image (C, H', W') on white.

    Small images are magnified by a whole number, so that their pixels stay sharp in any viewer.
    """
    # torchvision takes over a second to import, and every command loads this plugin.
    from torchvision.utils import make_grid

    factor = magnification(images)
    large = to_uint8(images).repeat_interleave(factor, dim=2).repeat_interleave(factor, dim=3)
    grid: Tensor = make_grid(large, nrow=columns, padding=GAP, pad_value=255)
    return grid


def magnification(images: Tensor) -> int:
    """The whole number of pixels that stand for one pixel of these images, each way."""
    return math.ceil(CELL / min(images.shape[2:]))
