"""The latent `label`: the class of an image."""

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Columns, DataInfo, Latent, LatentContext, Problem, SpecView, is_known
from gan_run.plugins.latents.standard.categorical import CategoricalModule


class Label(Latent):
    """A category that is known of real images: by default their class. It is drawn with the frequencies of the training
    images; the generator's input is its one-hot vector.

    Its value on a real image is that of the column, so heads and losses can be conditional on it.
    """

    type: Literal["label"] = "label"
    column: str = Field(default="label", description="Name of a categorical column of the data, with named categories.")

    def observed_columns(self) -> tuple[str, ...]:
        return (self.column,)

    def check(self, spec: SpecView) -> Iterable[Problem]:
        if self.count > 1:
            yield Problem(("count",), "an image has one label: set it to 1")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        column = data.columns.get(self.column)
        if column is None:
            return
        if column.kind != "categorical" or not column.names:
            message = f"{self.column!r} has no categories with names, which would say how many there are"
            yield Problem(("column",), message)
        elif len(column.names) == 1:
            yield Problem(("column",), f"all images are of one class, {column.names[0]!r}: leave this latent out")

    def build(self, context: LatentContext) -> "LabelModule":
        names = context.data.columns[self.column].names
        assert names is not None, "check_data refuses a column without names"
        return LabelModule(self.column, len(names))


class LabelModule(CategoricalModule):
    """Values are class indices, int64 (N,). The class frequencies are saved in the checkpoint."""

    frequencies: Tensor

    def __init__(self, column: str, classes: int) -> None:
        super().__init__(classes)
        self._column = column
        self.register_buffer("frequencies", torch.full((classes,), 1 / classes))

    def fit_prior(self, columns: Columns) -> None:
        labels = columns[self._column]
        known = labels[is_known(labels)]
        if len(known):
            counts = torch.bincount(known, minlength=self.classes)
            self.frequencies.copy_(counts / counts.sum())

    def observe(self, columns: Columns) -> Tensor:
        return columns[self._column]

    def sample(self, n: int) -> Tensor:
        return torch.multinomial(self.frequencies, n, replacement=True)

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        return self.frequencies.nonzero().flatten()

    def value(self, number: float) -> Tensor:
        value = super().value(number)
        if not self.frequencies[value]:
            raise ValueError(f"no training image is of this class (category {number:g}): the generator cannot draw it")
        return value

    def log_prior(self, value: Tensor) -> Tensor:
        return self.frequencies.log()[value]

    def entropy(self) -> Tensor:
        return -torch.xlogy(self.frequencies, self.frequencies).sum()
