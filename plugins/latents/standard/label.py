"""The latent `label`: the class of an image."""

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor

from gan_run import DataInfo, Latent, LatentContext, Problem, SpecView
from gan_run.plugins.latents.standard.categorical import CategoricalModule


class Label(Latent):
    """The class of an image, drawn with the frequencies of the training labels, as a one-hot row.

    Its value on a real image is the image's label, so heads and losses can be conditional on it.
    """

    type: Literal["label"] = "label"

    def observes_labels(self) -> bool:
        return True

    def check(self, spec: SpecView) -> Iterable[Problem]:
        if self.count > 1:
            yield Problem(("count",), "an image has one label: set it to 1")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if data.class_names is None or len(data.class_names) < 2:
            yield Problem(("type",), "the data has no labels")

    def build(self, context: LatentContext) -> "LabelModule":
        assert context.data.class_names is not None
        return LabelModule(len(context.data.class_names))


class LabelModule(CategoricalModule):
    """Values are class indices, int64 (N,). The class frequencies are saved in the checkpoint."""

    frequencies: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.register_buffer("frequencies", torch.full((classes,), 1 / classes))

    def fit_prior(self, labels: Tensor) -> None:
        counts = torch.bincount(labels, minlength=self.classes)
        self.frequencies.copy_(counts / counts.sum())

    def observe(self, labels: Tensor) -> Tensor:
        return labels

    def sample(self, n: int) -> Tensor:
        return torch.multinomial(self.frequencies, n, replacement=True)

    def entropy(self) -> Tensor:
        return -torch.xlogy(self.frequencies, self.frequencies).sum()
