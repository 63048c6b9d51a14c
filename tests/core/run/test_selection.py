"""Runs are ranked by how well they agree with the others."""

import torch
from torch import Tensor

from gan_run.benchmarks.selection import choose
from gan_run.core.run.selection import rank


def mean(others: Tensor) -> float:
    return others.mean().item()


AGREEMENT = torch.tensor(
    [
        [9.0, 0.8, 0.7, 0.1],
        [0.8, 9.0, 0.6, 0.2],
        [0.7, 0.6, 9.0, 0.0],
        [0.1, 0.2, 0.0, 9.0],
    ],
    dtype=torch.float64,
)
"""The last run agrees with none; the diagonal is ignored."""


def test_scores_order_and_margin_worked_by_hand() -> None:
    ranking = rank(AGREEMENT, mean)
    torch.testing.assert_close(torch.tensor(ranking.scores), torch.tensor([1.6, 1.6, 1.3, 0.3]) / 3)
    assert ranking.order[2:] == (2, 3)
    assert abs(ranking.margin) < 1e-9
    assert ranking.agreement[1] == (0.8, 9.0, 0.6, 0.2)


def test_leaving_one_out_can_change_the_choice() -> None:
    agreement = AGREEMENT.clone()
    agreement[0, 3] = agreement[3, 0] = 0.3  # now run 0 leads
    ranking = rank(agreement, mean)
    assert ranking.order[0] == 0
    assert ranking.margin == (1.8 - 1.6) / 3
    # Without run 1: 0 has (.7 + .3) / 2, 2 has .35. Without 2: 0 has .55, 1 has .5. Without 3: 0 has .75, 1 has .7.
    assert ranking.kept == 3
    agreement[1, 2] = agreement[2, 1] = 0.75  # without run 3, run 1 has (.8 + .75) / 2, run 0 (.8 + .7) / 2
    ranking = rank(agreement, mean)
    assert (ranking.order[0], ranking.kept) == (0, 2)


def test_of_three_runs_none_is_left_out() -> None:
    """The two that are left agree with each other alike, so that the order in which they are given would decide."""
    assert rank(AGREEMENT[:3, :3], mean).kept is None
    assert rank(AGREEMENT, mean).kept is not None


def test_a_criterion_may_sum_up_otherwise() -> None:
    assert rank(AGREEMENT, lambda others: others.median().item()).scores == (0.7, 0.6, 0.6, 0.1)


def test_the_benchmark_compares_a_choice_with_numbers_worked_by_hand() -> None:
    agreement = AGREEMENT.clone()
    agreement[0, 1] = agreement[1, 0] = 0.9
    agreement[0, 2] = agreement[2, 0] = 0.8
    whole = choose(agreement, [0.8, 0.9, 0.7, 0.4], range(4))
    assert whole.chosen == 0  # 1.8 / 3, before 1.7 / 3, 1.4 / 3 and .3 / 3
    assert abs(whole.above_mean - 0.1) < 1e-12
    assert abs(whole.below_best - 0.1) < 1e-12
    assert abs(whole.correlation - 0.8) < 1e-12  # 1 - 6 (1 + 1) / (4 (16 - 1))
    assert choose(agreement, [0.8, 0.9, 0.7, 0.4], [1, 2, 3]).chosen == 1
