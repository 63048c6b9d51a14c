"""The FactorVAE score."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from gan_run import Headline
from gan_run.plugins.metrics.disentanglement.representation import Categories, Numbers, Representation
from gan_run.plugins.metrics.disentanglement.score import DisentanglementScore
from gan_run.plugins.metrics.disentanglement.shared_factor import SharedFactor

CHUNK = 1000
"""Batches whose codes are in memory at once."""


class FactorVAEScore(DisentanglementScore):
    """The FactorVAE score (Kim & Mnih 2018, arXiv 1802.05983, section 4).

    In a batch of images that share one factor, the code whose variance is the smallest, as a share of its variance over
    all images, votes for that factor. The score is the accuracy of the majority vote. As in disentanglement_lib
    (Locatello et al. 2019), codes that hardly vary take no part, and the votes that are scored are not those that the
    majority is fitted to. In InfoGAN-CR's variant (Lin et al. 2020) they are, and every code takes part.
    """

    headlines = (Headline("score"),)
    type: Literal["factorvae-score"] = "factorvae-score"
    variant: Literal["disentanglement-lib", "infogan-cr"] = Field(
        default="disentanglement-lib", description="infogan-cr scores the votes that the majority was fitted to."
    )
    batch: int = Field(default=64, ge=2, description="Number of images in a batch.")
    votes: int = Field(default=10000, ge=1, description="Number of votes to which the majority is fitted.")
    scored: int = Field(default=5000, ge=1, description="Number of votes that are scored.")
    least: float = Field(default=0.05, ge=0, description="A code of a smaller standard deviation takes no part.")

    def score(self, encoded: Representation, draws: np.random.Generator) -> Mapping[str, float]:
        whole = encoded.codes.var(axis=0, ddof=1)
        fresh = self.variant == "disentanglement-lib"
        active = np.sqrt(whole) >= (self.least if fresh else 0)
        active &= whole > 0
        if not active.any():
            return {"score": 0.0, "fitted": 0.0, "active_codes": 0.0}
        codes, share = encoded.codes[:, active], whole[active]
        shared = SharedFactor(encoded.factors, draws)
        votes = self._votes(codes, share, shared, self.votes)
        majority = votes.argmax(axis=1)
        scored = self._votes(codes, share, shared, self.scored) if fresh else votes
        accuracy = [table[np.arange(len(table)), majority].sum() / table.sum() for table in (scored, votes)]
        return {"score": float(accuracy[0]), "fitted": float(accuracy[1]), "active_codes": float(active.sum())}

    def _votes(self, codes: Numbers, whole: Numbers, shared: SharedFactor, count: int) -> Categories:
        """How often each code had the smallest variance in a batch that shares each factor, (codes, factors)."""
        votes = np.zeros((codes.shape[1], shared.count), dtype=np.int64)
        for start in range(0, count, CHUNK):
            factor, rows = shared.batches(min(CHUNK, count - start), self.batch)
            smallest = (codes[rows].var(axis=1, ddof=1) / whole).argmin(axis=1)
            np.add.at(votes, (smallest, factor), 1)
        return votes
