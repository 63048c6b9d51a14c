"""Does a choice without labels find the run that the labels call the best?

    python benchmarks/selection.py runs/quickstart-before-seed-*

Ranks finished runs by a criterion, which sees no label, and compares the ranking with a number that a metric measured
with labels: for all runs together, and for every selection in which some of them are left out.
"""

import argparse
import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import torch
from scipy.stats import spearmanr

from gan_run import select
from gan_run.core.run.run_folder import RunFolder
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


def number_of(run: Path, metric: str, name: str) -> float:
    """A number at the top of what a metric of a finished run found."""
    evaluation = json.loads(RunFolder(run).evaluation_file.read_text(encoding="utf-8"))
    for measured in evaluation["metrics"]:
        if measured["metric"]["type"] == metric and name in measured["found"]:
            return float(measured["found"][name])
    raise SystemExit(f"{run}: {metric} measured no {name}")


def main() -> None:
    """Print the ranking beside the numbers, and how the selections went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--by", default="clustering-agreement", help="the criterion (default: %(default)s)")
    parser.add_argument("--metric", default="cluster-accuracy", help="the metric with labels (default: %(default)s)")
    parser.add_argument("--number", default="accuracy", help="a number of it, higher is better (default: %(default)s)")
    parser.add_argument("--leave-out", type=int, default=2, help="runs left out at a time (default: %(default)s)")
    arguments = parser.parse_args()
    runs = sorted(arguments.runs)
    numbers = [number_of(run, arguments.metric, arguments.number) for run in runs]
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
