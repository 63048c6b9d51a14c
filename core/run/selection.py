"""Ranks runs by how well they agree with each other."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Ranking(NamedTuple):
    """M runs, ranked by one criterion."""

    scores: tuple[float, ...]
    """How well each run agrees with the others, in the order of the runs."""
    order: tuple[int, ...]
    """The runs, the best first."""
    margin: float
    """The score of the best less that of the second."""
    kept: int
    """Of the M - 1 selections in which one of the other runs is left out, those that choose the same run."""
    agreement: tuple[tuple[float, ...], ...]
    """How well every two runs agree, (M, M), by the criterion."""


def rank(agreement: Tensor, score: Callable[[Tensor], float]) -> Ranking:
    """Rank runs.

    Args:
        agreement: How well every two runs agree, (M, M), M at least 3. The diagonal is ignored.
        score: Sums up the agreement of a run with the others.
    """
    runs = range(len(agreement))
    scores = _scores(agreement, score)
    order = sorted(runs, key=lambda run: -scores[run])
    kept = 0
    for left_out in order[1:]:
        rest = [run for run in runs if run != left_out]
        without = _scores(agreement[rest][:, rest], score)
        kept += rest[max(range(len(rest)), key=lambda place: without[place])] == order[0]
    margin = scores[order[0]] - scores[order[1]]
    return Ranking(tuple(scores), tuple(order), margin, kept, tuple(map(tuple, agreement.tolist())))


def _scores(agreement: Tensor, score: Callable[[Tensor], float]) -> list[float]:
    others = ~torch.eye(len(agreement), dtype=torch.bool)
    return [score(row[other]) for row, other in zip(agreement, others, strict=True)]
