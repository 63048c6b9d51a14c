"""The criterion `clustering-agreement`."""

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import (
    Criterion,
    DataInfo,
    GanRunError,
    Loss,
    Model,
    Problem,
    SpecView,
    Split,
    Splits,
    Values,
    compare_pairs,
)


class ClusteringAgreement(Criterion):
    """The agreement of the clusterings of real images by the categorical codes of two runs, its mean over codes.

    Normalised mutual information, or the adjusted Rand index (Hubert & Arabie 1985), neither of which needs a matching
    of categories.
    """

    type: Literal["clustering-agreement"] = "clustering-agreement"
    measure: Literal["nmi", "ari"] = Field(default="nmi", description="How two clusterings are compared.")
    codes: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="Categorical codes, or copies of one; null for all."
    )
    split: Split = Field(default="train", description="The split whose images are clustered.")
    images: int = Field(default=10000, ge=2, description="Number of images at most, drawn at random.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for index, code in enumerate(self.codes or ()):
            yield from spec.check_code(code, "codes", index)

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if why := data.why_no_set(self.split):
            yield Problem(("split",), why)
        latents = spec.latent_space(data)
        codes = self.codes or [code for _, loss in spec.find_all(Loss) for code in loss.encodes()]
        if not any(latents[dim.name].cardinality for dim in latents.code_dims(codes)):
            yield Problem(("codes",), "there is no categorical code")

    def agreement(self, models: Sequence[Model], data: Splits) -> Tensor:
        whole = data[self.split]
        images = whole.select(torch.randperm(whole.count)[: self.images])
        clusterings = [self._clusterings(model, model.encode_set(images)) for model in models]
        return compare_pairs(clusterings, self._compare)

    def _clusterings(self, model: Model, encoded: Values) -> dict[str, Tensor]:
        """The categories of the images, (N,), by code."""
        discrete = [dim for dim in model.code_dims(self.codes) if model.latents[dim.name].cardinality is not None]
        return {str(dim): model.latents.value_of(encoded, dim) for dim in discrete}

    def _compare(self, one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
        # sklearn is slow to import, and every command loads this plugin.
        from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

        compare = {"nmi": normalized_mutual_info_score, "ari": adjusted_rand_score}[self.measure]
        found = [float(compare(one[code].numpy(), other[code].numpy())) for code in one if code in other]
        if not found:
            raise GanRunError(f"two runs have no categorical code in common: {', '.join(one)} and {', '.join(other)}")
        return sum(found) / len(found)
