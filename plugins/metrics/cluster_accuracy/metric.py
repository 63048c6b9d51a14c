"""Cluster accuracy: a categorical code, learnt without labels, as a classifier of real images."""

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import (
    AssignedImages,
    DataInfo,
    Headline,
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
from gan_run.plugins.metrics.cluster_accuracy.problems import code_problems, data_problems


class ClusterAccuracy(Metric):
    """The accuracy of Q's most likely category on *real* images, after each category is matched to one class.

    The paper's "5% error" (Chen et al. 2016, arXiv 1606.03657, section 7.2). The best one-to-one matching with the
    labels (Kuhn 1955) is fitted on one split and scored on another. Categories beyond the number of classes match no
    class and count as wrong. Also measured: the majority vote, which may give several categories one class; and on the
    scored images alone purity, which is the majority vote fitted to them, NMI and ARI.
    """

    headlines = (
        Headline("accuracy", form=".2%"),
        Headline("majority_vote", form=".2%"),
        Headline("purity", form=".2%"),
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
        return code_problems(spec, self.code)

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        return data_problems(spec, data, self.code, fit=self.fit, score=self.score)

    def measure(self, model: Model, data: Splits) -> Measurement:
        if self.statistics == "batch":
            model = model.with_batch_statistics
        fit, score = (assign_categories(model, self.code, data[split]) for split in (self.fit, self.score))
        classes = 1 + int(max(fit.labels.max(), score.labels.max()))
        counts = contingency(fit, classes)
        matching = match_classes(counts)
        nmi, ari = _agreement(score)
        return {
            "accuracy": _accuracy(score, matching),
            "majority_vote": _accuracy(score, _majority(counts)),
            "purity": _accuracy(score, _majority(contingency(score, classes))),
            "nmi": nmi,
            "ari": ari,
            "matching": list(matching),
            "fitted_on": {"split": self.fit, "images": len(fit.labels)},
            "scored_on": {"split": self.score, "images": len(score.labels)},
            "statistics": self.statistics,
        }

    def measured_on(self, found: Measurement) -> Measurement:
        return super().measured_on({"measured_on": found["scored_on"]})


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
