"""Cluster accuracy: how well a categorical code, learnt without labels, predicts the classes of real images."""

import math
from collections.abc import Iterable
from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from gan_run import (
    DataError,
    DataInfo,
    DataSource,
    GanRunError,
    ImageSet,
    Latent,
    LatentContext,
    Measurement,
    Metric,
    Model,
    Problem,
    SpecView,
    Split,
    Splits,
)

CHUNK = 500
"""Real images that are decoded and read at once; with batch statistics, about the size of a batch."""


class ClusterAccuracy(Metric):
    """The accuracy of Q's most likely category of *real* images, each category matched to one class.

    One minus this is the "5% error" of InfoGAN (Chen et al. 2016, arXiv 1606.03657, section 7.2). The one-to-one
    matching (Kuhn 1955) that agrees best with the labels is fitted on one split and scored on another. With more
    categories than classes, the remaining categories match no class and count as errors. Also reported: majority vote,
    which may assign several categories to one class, and NMI and ARI, which need no matching.
    """

    type: Literal["cluster-accuracy"] = "cluster-accuracy"
    code: str = Field(description="The categorical code.")
    fit: Split = Field(default="train", description="The split on which categories are matched to classes.")
    score: Split = Field(default="test", description="The split on which the matching is scored.")
    statistics: Literal["running", "batch"] = Field(
        default="running",
        description="What batch norms use: the running statistics of training, or those of the batch.",
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        yield from spec.check_latent(self.code, "code")
        latent = spec.find(Latent, "latents", self.code)
        if latent is not None and latent.count > 1:
            yield Problem(("code",), f"{self.code!r} has several copies: name a latent with one copy")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        latent = spec.find(Latent, "latents", self.code)
        if data.class_names is None:
            yield Problem(("type",), "the data has no labels to compare with")
        elif latent is not None and latent.module(LatentContext(data)).cardinality is None:
            yield Problem(("code",), f"{self.code!r} is not categorical")
        held_out = spec.part(DataSource, "data").validation
        sizes = {**data.sizes, "validation": held_out} if held_out else data.sizes
        for field, split in (("fit", self.fit), ("score", self.score)):
            if not sizes.get(split):
                hint = ": set data.validation" if split == "validation" else ""
                yield Problem((field,), f"the {split} split is empty{hint}")

    def measure(self, model: Model, data: Splits) -> Measurement:
        categories = _categories(model, self.code)
        if self.statistics == "batch":
            model = model.with_batch_statistics
        fit, score = _read(model, self.code, data[self.fit]), _read(model, self.code, data[self.score])
        counts = _contingency(fit, categories, classes=1 + int(max(fit.labels.max(), score.labels.max())))
        matching = _match(counts)
        nmi, ari = _agreement(score)
        return {
            "accuracy": _accuracy(score, matching),
            "majority_vote": _accuracy(score, _majority(counts)),
            "nmi": nmi,
            "ari": ari,
            "matching": list(matching),
            "fitted_on": {"split": self.fit, "images": len(fit.labels)},
            "scored_on": {"split": self.score, "images": len(score.labels)},
            "statistics": self.statistics,
        }


class Clustered(NamedTuple):
    """Real images by category and by class, int64 (N,) each."""

    categories: Tensor
    labels: Tensor


def _categories(model: Model, code: str) -> int:
    """How many categories `code` has. Raises GanRunError where it cannot serve as a classifier."""
    latent = model.latents[code]
    if latent.cardinality is None:
        raise GanRunError(f"cluster-accuracy: {code!r} is not categorical")
    if len(model.latents.code_dims([code])) > 1:
        raise GanRunError(f"cluster-accuracy: {code!r} has several copies: give one latent of its own the name")
    if code not in model.codes:
        raise GanRunError(
            f"cluster-accuracy: nothing reads {code!r} off images: a loss such as mutual-information that names it "
            "in its codes would train what does"
        )
    return latent.cardinality


def _read(model: Model, code: str, images: ImageSet) -> Clustered:
    """The category that Q gives each image of a split, mirrored copies left out."""
    if images.labels is None:
        raise DataError("cluster-accuracy: the data has no labels to compare with")
    # In random order and equal chunks: batch statistics must not depend on how a data set is sorted, nor on a last
    # chunk of a few images.
    n = images.count
    chunks = torch.randperm(n).tensor_split(math.ceil(n / CHUNK))
    categories, labels = [], []
    for chunk in chunks:
        batch = images.batch(chunk)
        assert batch.labels is not None
        categories.append(model.encode(batch.images)[code])
        labels.append(batch.labels.cpu())
    return Clustered(torch.cat(categories), torch.cat(labels))


def _contingency(clustered: Clustered, categories: int, classes: int) -> Tensor:
    """How many images of each category are of each class, (categories, classes)."""
    pairs = clustered.categories * classes + clustered.labels
    return torch.bincount(pairs, minlength=categories * classes).view(categories, classes)


def _match(counts: Tensor) -> list[int | None]:
    """Each category's class, no class twice, such that the most images agree."""
    # scipy.optimize takes longer to import than all of this plugin, which every command loads.
    from scipy.optimize import linear_sum_assignment

    matching: list[int | None] = [None] * len(counts)
    for category, label in zip(*linear_sum_assignment(counts.numpy(), maximize=True), strict=True):
        matching[category] = int(label)
    return matching


def _majority(counts: Tensor) -> list[int | None]:
    """Each category's most frequent class; none for a category that no image is in."""
    return [int(row.argmax()) if row.any() else None for row in counts]


def _accuracy(clustered: Clustered, matching: list[int | None]) -> float:
    nothing = -1  # no label
    table = torch.tensor([nothing if label is None else label for label in matching])
    return (table[clustered.categories] == clustered.labels).double().mean().item()


def _agreement(clustered: Clustered) -> tuple[float, float]:
    """Normalised mutual information (arithmetic mean) and adjusted Rand index (Hubert & Arabie 1985)."""
    # As with scipy: sklearn would slow down every command's start.
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    labels, categories = clustered.labels.numpy(), clustered.categories.numpy()
    return float(normalized_mutual_info_score(labels, categories)), float(adjusted_rand_score(labels, categories))
