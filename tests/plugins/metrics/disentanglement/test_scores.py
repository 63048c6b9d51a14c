"""Parts of the scores of disentanglement, worked by hand and on a small lattice of factors."""

import itertools
import math

import numpy as np
import pytest

from gan_run.plugins.metrics.disentanglement.dci import disentanglement
from gan_run.plugins.metrics.disentanglement.factorvae import FactorVAEScore
from gan_run.plugins.metrics.disentanglement.gaps import modularity, mutual_information
from gan_run.plugins.metrics.disentanglement.representation import Representation
from gan_run.plugins.metrics.disentanglement.sap import gap
from gan_run.plugins.metrics.disentanglement.score import DisentanglementScore
from gan_run.plugins.metrics.disentanglement.shared_factor import SharedFactor

SIZES = (3, 4, 5)
LATTICE = np.array(list(itertools.product(*map(range, SIZES))))


def encoded(kind: str, copies: int = 25) -> Representation:
    """Every combination of the factors `copies` times, in random order, with three codes."""
    draws = np.random.default_rng(0)
    factors = draws.permutation(np.repeat(LATTICE, copies, axis=0))
    centred = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    codes = {
        "perfect": centred,
        "random": draws.normal(size=centred.shape),
    }[kind]
    return Representation(codes + draws.normal(scale=1e-3, size=codes.shape), factors, ("a", "b", "c"), ("x", "y", "z"))


def score(metric: DisentanglementScore, kind: str) -> dict[str, float]:
    return dict(metric.score(encoded(kind), np.random.default_rng(1)))


def test_a_code_that_does_not_vary_takes_no_part() -> None:
    images = encoded("perfect")
    codes = np.concatenate([images.codes, np.full((len(images.codes), 1), 2.0)], axis=1)
    found = FactorVAEScore(votes=300, scored=300).score(
        images._replace(codes=codes, code_names=("a", "b", "c", "d")), np.random.default_rng(0)
    )
    assert (found["score"], found["active_codes"]) == (1.0, 3.0)
    none = FactorVAEScore().score(images._replace(codes=np.zeros_like(images.codes)), np.random.default_rng(0))
    assert none["score"] == 0.0


def test_infogan_crs_variant_scores_the_votes_that_it_fits() -> None:
    found = score(FactorVAEScore(variant="infogan-cr", votes=50, batch=4), "random")
    assert found["score"] == found["fitted"]
    fresh = score(FactorVAEScore(votes=50, batch=4, scored=5000), "random")
    assert fresh["fitted"] > fresh["score"]


def test_mutual_information_worked_by_hand() -> None:
    one = np.array([0, 0, 1, 1])
    assert mutual_information(one, one) == pytest.approx(math.log(2))
    assert mutual_information(one, np.array([0, 1, 0, 1])) == pytest.approx(0)
    # Frequencies 1/2, 1/4, 1/4: H = 1.5 ln 2, of which `one` tells ln 2.
    assert mutual_information(one, np.array([0, 0, 1, 2])) == pytest.approx(math.log(2))


def test_tables_worked_by_hand() -> None:
    assert modularity(np.array([[1.0, 0.0], [1.0, 1.0]])) == pytest.approx(0.5)
    assert modularity(np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]])) == pytest.approx((1 - 1 / 8) / 2)
    assert gap(np.array([[0.9, 0.2], [0.5, 0.6], [0.7, 0.3]])) == pytest.approx((0.2 + 0.3) / 2)
    assert disentanglement(np.eye(2)) == pytest.approx(1)
    assert disentanglement(np.full((2, 2), 0.5)) == pytest.approx(0)
    # Rows (1/2, 1/2) and (0, 1) count alike: their disentanglement is 0 and 1. Columns have 0.5 and 1.5 of the whole.
    table = np.array([[0.5, 0.5], [0.0, 1.0]])
    assert disentanglement(table) == pytest.approx(0.5)
    third = 1 + (math.log(1 / 3) / 3 + math.log(2 / 3) * 2 / 3) / math.log(2)
    assert disentanglement(table.T) == pytest.approx((0.5 * 1 + 1.5 * third) / 2)


def test_batches_share_the_factor_that_they_name_and_no_other() -> None:
    shared = SharedFactor(LATTICE, np.random.default_rng(0))
    factor, rows = shared.batches(200, 40)
    for k, batch in zip(factor, LATTICE[rows], strict=True):
        assert [len(np.unique(batch[:, other])) == 1 for other in range(3)] == [other == k for other in range(3)]
    assert set(factor) == {0, 1, 2}
    factor, rows = shared.pairs(200, 40)
    for k, pairs in zip(factor, LATTICE[rows], strict=True):
        equal = (pairs[:, 0] == pairs[:, 1]).all(axis=0)
        assert list(equal) == [other == k for other in range(3)]
        assert len(np.unique(pairs[:, 0, k])) > 1
