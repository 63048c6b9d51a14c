"""Cluster accuracy: a categorical code, learnt without labels, as a classifier of real images."""

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import (
    AssignedImages,
    DataInfo,
    DataSource,
    Headline,
    Latent,
    Measurement,
    Metric,
    Model,
    Problem,
    SpecView,
    Split,
    Splits,
    assign_categories,
    contingency,
    match_classes,
)


class ClusterAccuracy(Metric):
    """The accuracy of Q's most likely category on *real* images, after each category is matched to one class.

    The paper's "5% error" (Chen et al. 2016, arXiv 1606.03657, section 7.2). The best one-to-one matching with the
    labels (Kuhn 1955) is fitted on one split and scored on another. Categories beyond the number of classes match no
    class and count as wrong. Also measured: the majority vote, which may give several categories one class, and NMI and
    ARI, which need no matching.
    """

    headlines = (
        Headline("accuracy", form=".2%"),
        Headline("majority_vote", form=".2%"),
        Headline("nmi"),
        Headline("ari"),
    )
    type: Literal["cluster-accuracy"] = "cluster-accuracy"
    code: str = Field(description="The categorical code, or one of its copies: category[0].")
    fit: Split = Field(default="train", description="The split on which categories are matched to classes.")
    score: Split = Field(default="test", description="The split on which the matching is scored.")
    statistics: Literal["running", "batch"] = Field(
        default="running", description="The statistics that batch norms use: running statistics or batch statistics."
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        yield from spec.check_code(self.code, "code")
        latent = spec.find(Latent, "latents", self.code)
        if latent is not None and latent.count > 1:
            yield Problem(("code",), f"{self.code!r} has {latent.count} copies: name one, {self.code}[0]")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        latents = spec.latent_space(data)
        if data.class_names is None:
            yield Problem(("type",), "the data has no labels")
        elif latents[latents.code_dims([self.code])[0].name].cardinality is None:
            yield Problem(("code",), f"{self.code!r} is not categorical")
        held_out = spec.part(DataSource, "data").validation
        sizes = {**data.sizes, "validation": held_out} if held_out else data.sizes
        for field, split in (("fit", self.fit), ("score", self.score)):
            if why := data.why_no_set(split):
                yield Problem((field,), why)
            elif not sizes.get(split):
                hint = ": set data.validation" if split == "validation" else ""
                yield Problem((field,), f"the {split} split is empty{hint}")

    def measure(self, model: Model, data: Splits) -> Measurement:
        if self.statistics == "batch":
            model = model.with_batch_statistics
        fit, score = (assign_categories(model, self.code, data[split]) for split in (self.fit, self.score))
        counts = contingency(fit, classes=1 + int(max(fit.labels.max(), score.labels.max())))
        matching = match_classes(counts)
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


def _majority(counts: Tensor) -> list[int | None]:
    """Each category's most frequent class; None for a category without images."""
    return [int(row.argmax()) if row.any() else None for row in counts]


def _accuracy(assigned: AssignedImages, matching: list[int | None]) -> float:
    nothing = -1  # no label
    table = torch.tensor([nothing if label is None else label for label in matching])
    return (table[assigned.categories] == assigned.labels).double().mean().item()


def _agreement(assigned: AssignedImages) -> tuple[float, float]:
    """Normalised mutual information (arithmetic mean) and adjusted Rand index (Hubert & Arabie 1985)."""
    # sklearn is slow to import, and every command loads this plugin.
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    labels, categories = assigned.labels.numpy(), assigned.categories.numpy()
    return float(normalized_mutual_info_score(labels, categories)), float(adjusted_rand_score(labels, categories))
