"""Ranks runs by how well they agree with each other."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

FEWEST = 3
"""Of two runs neither agrees better with the others than the other."""


class Ranking(NamedTuple):
    """M runs, ranked by one criterion."""

    scores: tuple[float, ...]
    """How well each run agrees with the others, in the order of the runs."""
    order: tuple[int, ...]
    """The runs, the best first."""
    margin: float
    """The score of the best less that of the second."""
    kept: int | None
    """Of the M - 1 selections in which one of the other runs is left out, those that choose the same run. None for
    three runs: of the two that are left, neither agrees better with the other."""
    agreement: tuple[tuple[float, ...], ...]
    """How well every two runs agree, (M, M), by the criterion."""


def rank(agreement: Tensor, score: Callable[[Tensor], float]) -> Ranking:
    """Rank runs.

    Args:
        agreement: How well every two runs agree, (M, M), M at least `FEWEST`. The diagonal is ignored.
        score: Sums up the agreement of a run with the others.
    """
    runs = range(len(agreement))
    scores = _scores(agreement, score)
    order = sorted(runs, key=lambda run: -scores[run])
    margin = scores[order[0]] - scores[order[1]]
    kept = _kept(agreement, score, order) if len(order) > FEWEST else None
    return Ranking(tuple(scores), tuple(order), margin, kept, tuple(map(tuple, agreement.tolist())))


def _kept(agreement: Tensor, score: Callable[[Tensor], float], order: Sequence[int]) -> int:
    kept = 0
    for left_out in order[1:]:
        rest = [run for run in sorted(order) if run != left_out]
        without = _scores(agreement[rest][:, rest], score)
        kept += rest[max(range(len(rest)), key=lambda place: without[place])] == order[0]
    return kept


def _scores(agreement: Tensor, score: Callable[[Tensor], float]) -> list[float]:
    others = ~torch.eye(len(agreement), dtype=torch.bool)
    return [score(row[other]) for row, other in zip(agreement, others, strict=True)]
