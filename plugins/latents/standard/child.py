"""The latent `child`: a subcategory."""

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.distributions import Categorical as CategoricalDistribution
from torch.nn import functional as F

from gan_run import DataInfo, Latent, LatentContext, Problem, SpecView
from gan_run.plugins.latents.standard.categorical import CategoricalModule


class Child(Latent):
    """One of `classes` equally likely subcategories of a category: the child code of a hierarchy.

    As in FineGAN (Singh et al. 2019, arXiv 1811.11155, section 3.1), each parent has children of its own.

    The generator's input is the one-hot vector of the pair (category, subcategory), so that subcategory 2 of one
    category has nothing to do with that of another. Q is a categorical distribution over the subcategories of the
    category that the image was generated from.
    """

    type: Literal["child"] = "child"
    parent: str = Field(description="Name of the latent that gives the category, a discrete one.")
    classes: int = Field(ge=2, description="Number of subcategories of each category.")

    def depends_on(self) -> tuple[str, ...]:
        return (self.parent,)

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        parent = spec.find(Latent, "latents", self.parent)
        if parent is None:
            return
        if parent.count > 1 or parent.depends_on() or parent.module(LatentContext(data)).cardinality is None:
            yield Problem(("parent",), f"{self.parent!r} has to be one discrete latent that depends on no other")

    def build(self, context: LatentContext) -> "ChildModule":
        parents = context.latents[self.parent].cardinality
        assert parents is not None, "check_data refuses a parent that is not discrete"
        return ChildModule(self.parent, parents, self.classes)


class ChildModule(CategoricalModule):
    """Values are subcategory indices, int64 (N,). The posterior parameters are one logit per pair of categories."""

    def __init__(self, parent: str, parents: int, classes: int) -> None:
        super().__init__(classes)
        self._parent = parent
        self.width = self.posterior_width = parents * classes

    def embed(self, value: Tensor) -> Tensor:
        pair = self.given[self._parent] * self.classes + value
        return F.one_hot(pair, self.width).to(torch.get_default_dtype())

    def posterior(self, params: Tensor) -> CategoricalDistribution:
        by_parent = params.reshape(*params.shape[:-1], -1, self.classes)
        at = self.given[self._parent].reshape(-1, 1, 1).expand(-1, 1, self.classes)
        return super().posterior(by_parent.gather(1, at).squeeze(1))
