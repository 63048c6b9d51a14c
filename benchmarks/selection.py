"""Does a choice without labels find the run that the labels call the best?

    python benchmarks/selection.py runs/quickstart-before-seed-*

Ranks finished runs by a criterion, which sees no label, and compares the ranking with a number that a metric measured
with labels: for all runs together, and for every selection in which some of them are left out.
"""

import argparse
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import torch
from scipy.stats import spearmanr

from gan_run import Run, select, suggest
from gan_run.core.run.selection import rank

CLOSE = 0.02


class Choice(NamedTuple):
    """How well one selection went, by a number measured with labels."""

    chosen: int
    """The index of the chosen run among all runs."""
    above_mean: float
    """The chosen run's number less the mean of the runs to choose from."""
    below_best: float
    """The best run's number less that of the chosen run."""
    correlation: float
    """Spearman's correlation of the criterion's scores with the numbers."""


def choose(agreement: torch.Tensor, numbers: Sequence[float], among: Sequence[int]) -> Choice:
    """Choose one of some runs by their mean agreement.

    Args:
        agreement: How well every two of all runs agree, (M, M).
        numbers: The number of each of the M runs, higher is better.
        among: The runs to choose from.
    """
    rows = list(among)
    scores, order, *_ = rank(agreement[rows][:, rows], lambda others: others.mean().item())
    chosen, those = rows[order[0]], [numbers[run] for run in rows]
    best, correlation = max(those), float(spearmanr(scores, those).statistic)
    return Choice(chosen, numbers[chosen] - fmean(those), best - numbers[chosen], correlation)


def number_of(run: Path, name: str) -> float:
    """A headline number of a finished run, as `gan-run compare` names it."""
    metrics = Run(run).metrics
    if name not in metrics:
        raise SystemExit(f"{run}: there is no number {name!r}{suggest(name, metrics)}")
    return metrics[name]


def main() -> None:
    """Print the ranking beside the numbers, and how the selections went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--by", default="clustering-agreement", help="the criterion (default: %(default)s)")
    parser.add_argument(
        "--number",
        default="cluster-accuracy accuracy",
        help="a number that was measured with labels, higher is better (default: %(default)s)",
    )
    parser.add_argument("--leave-out", type=int, default=2, help="runs left out at a time (default: %(default)s)")
    arguments = parser.parse_args()
    runs = sorted(arguments.runs)
    numbers = [number_of(run, arguments.number) for run in runs]
    ranking = select(runs, [arguments.by]).rankings[arguments.by]
    for run in ranking.order:
        print(f"{runs[run]}  {arguments.by} {ranking.scores[run]:.4f}  {arguments.number} {numbers[run]:.4f}")
    agreement = torch.tensor(ranking.agreement)
    every = range(len(runs))
    whole = choose(agreement, numbers, every)
    print(f"mean {fmean(numbers):.4f}, best {max(numbers):.4f}; chosen: {runs[whole.chosen]}")
    print(f"above the mean {whole.above_mean:.4f}, below the best {whole.below_best:.4f}")
    print(f"Spearman's correlation {whole.correlation:.3f}")
    parts = [choose(agreement, numbers, among) for among in combinations(every, len(runs) - arguments.leave_out)]
    print(f"{len(parts)} selections without {arguments.leave_out} of the runs:")
    print(f"  within .02 of the best: {sum(part.below_best <= CLOSE for part in parts)}")
    for name in ("above_mean", "below_best", "correlation"):
        values = sorted(getattr(part, name) for part in parts)
        print(f"  {name}: least {values[0]:.4f}, median {values[len(values) // 2]:.4f}, most {values[-1]:.4f}")


if __name__ == "__main__":
    main()
