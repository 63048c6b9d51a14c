"""The latent `vector`: a condition of several numbers, such as the embedding of a text."""

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Columns, DataInfo, Latent, LatentContext, LatentModule, Problem, SpecView, fill_missing, is_known


class Vector(Latent):
    """A vector that is known of real images: an embedding of a text or an image, or several attributes together.

    A generated image gets the vector of a random training image, so that vectors are drawn as the data has them. It is
    a condition alone: no loss can recover it as a code, and it has no traversal.
    """

    type: Literal["vector"] = "vector"
    column: str = Field(description="Name of a column of the data whose values are vectors.")
    kept: int = Field(
        default=10_000,
        ge=1,
        description="Number of training vectors, evenly chosen, that the model keeps and draws from.",
    )

    def observed_columns(self) -> tuple[str, ...]:
        return (self.column,)

    def check(self, spec: SpecView) -> Iterable[Problem]:
        if self.count > 1:
            yield Problem(("count",), "an image has one vector: set it to 1")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        column = data.columns.get(self.column)
        if column is not None and (len(column.shape) != 1 or column.kind != "continuous"):
            yield Problem(("column",), f"{self.column!r} is no column of continuous vectors, (M, D)")

    def build(self, context: LatentContext) -> "VectorModule":
        (width,) = context.data.columns[self.column].shape
        return VectorModule(self.column, width, min(self.kept, context.data.sizes.get("train", 0)))


class VectorModule(LatentModule):
    """Values are vectors, float (N, D). The kept training vectors are saved in the checkpoint."""

    vectors: Tensor

    def __init__(self, column: str, width: int, kept: int) -> None:
        super().__init__()
        self._column = column
        self.width = width
        self.value_shape = (width,)
        self.register_buffer("vectors", torch.zeros(kept, width))

    def fit_prior(self, columns: Columns) -> None:
        known = columns[self._column][is_known(columns[self._column])]
        if len(known):
            kept = len(self.vectors)
            evenly = torch.arange(kept, device=known.device) * len(known) // kept
            self.vectors.copy_(known[evenly])

    def observe(self, columns: Columns) -> Tensor:
        return columns[self._column].to(self.vectors.dtype)

    def sample(self, n: int) -> Tensor:
        return self.vectors[torch.randint(len(self.vectors), (n,), device=self.device)]

    def embed(self, value: Tensor) -> Tensor:
        return fill_missing(value)
