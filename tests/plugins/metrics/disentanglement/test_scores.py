"""Scores of perfect, random and rotated codes of a lattice of factors, against the protocols written out plainly."""

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score

from gan_run.plugins.metrics.disentanglement.betavae import BetaVAEScore
from gan_run.plugins.metrics.disentanglement.dci import DCI, disentanglement
from gan_run.plugins.metrics.disentanglement.factorvae import FactorVAEScore
from gan_run.plugins.metrics.disentanglement.gaps import MIG, ModularityExplicitness, modularity, mutual_information
from gan_run.plugins.metrics.disentanglement.representation import Representation
from gan_run.plugins.metrics.disentanglement.sap import SAP, gap
from gan_run.plugins.metrics.disentanglement.score import DisentanglementScore
from gan_run.plugins.metrics.disentanglement.shared_factor import SharedFactor

SIZES = (3, 4, 5)
LATTICE = np.array(list(itertools.product(*map(range, SIZES))))
KINDS = ("perfect", "rotated", "random")


def encoded(kind: str, copies: int = 25) -> Representation:
    """Every combination of the factors `copies` times, in random order, with three codes."""
    draws = np.random.default_rng(0)
    factors = draws.permutation(np.repeat(LATTICE, copies, axis=0))
    centred = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    codes = {
        "perfect": centred,
        "rotated": centred @ np.linalg.qr(np.ones((3, 3)) + np.diag([1.0, 2.0, 3.0]))[0],
        "random": draws.normal(size=centred.shape),
    }[kind]
    return Representation(codes + draws.normal(scale=1e-3, size=codes.shape), factors, ("a", "b", "c"), ("x", "y", "z"))


def score(metric: DisentanglementScore, kind: str) -> dict[str, float]:
    return dict(metric.score(encoded(kind), np.random.default_rng(1)))


def images_of_lattice(
    codes: NDArray[np.float64], factors: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The codes of images that are made from given factors, as a lattice of ground truth gives them."""
    return np.stack([codes[np.nonzero((factors == row).all(axis=1))[0][0]] for row in wanted])


def plain_factorvae(kind: str, votes: int, batch: int) -> float:
    """Kim & Mnih's protocol, image by image, from fresh combinations of factors."""
    draws, (codes, factors, *_) = np.random.default_rng(2), encoded(kind)
    whole, table = codes.var(axis=0, ddof=1), np.zeros((2, 3, 3))
    for part in range(2):
        for _ in range(votes):
            k = draws.integers(3)
            wanted = np.stack([draws.integers(size, size=batch) for size in SIZES], axis=1)
            wanted[:, k] = wanted[0, k]
            local = images_of_lattice(codes, factors, wanted).var(axis=0, ddof=1)
            table[part, np.argmin(local / whole), k] += 1
    majority = table[0].argmax(axis=1)
    return float(table[1][range(3), majority].sum() / votes)


def plain_betavae(kind: str, count: int, batch: int) -> float:
    draws, (codes, factors, *_) = np.random.default_rng(2), encoded(kind)
    differences, shared = [], []
    for _ in range(2 * count):
        k = draws.integers(3)
        one, other = (np.stack([draws.integers(size, size=batch) for size in SIZES], axis=1) for _ in range(2))
        other[:, k] = one[:, k]
        pair = (images_of_lattice(codes, factors, wanted) for wanted in (one, other))
        differences.append(np.abs(np.subtract(*pair)).mean(axis=0))
        shared.append(k)
    classifier = LogisticRegression(max_iter=1000).fit(differences[:count], shared[:count])
    return float(classifier.score(differences[count:], shared[count:]))


def within(accuracy: float, draws: int) -> float:
    """Four standard errors of the difference of two accuracies, each of so many draws."""
    return 4 * math.sqrt(2 * max(accuracy * (1 - accuracy), 0.01) / draws)


@pytest.mark.parametrize("kind", KINDS)
def test_factorvae_is_that_of_the_protocol_written_out(kind: str) -> None:
    found = score(FactorVAEScore(batch=8, votes=2000, scored=2000), kind)["score"]
    expected = plain_factorvae(kind, votes=600, batch=8)
    assert found == pytest.approx(expected, abs=within(expected, 600))


@pytest.mark.parametrize("kind", KINDS)
def test_betavae_is_that_of_the_protocol_written_out(kind: str) -> None:
    found = score(BetaVAEScore(batch=8, fitted=1000, scored=1000), kind)["score"]
    expected = plain_betavae(kind, count=400, batch=8)
    assert found == pytest.approx(expected, abs=within(expected, 400) + 0.03)  # two classifiers fitted to other batches


@pytest.mark.parametrize("kind", KINDS)
def test_mig_is_that_of_scikit_learns_mutual_information(kind: str) -> None:
    images = encoded(kind)
    bins = [np.digitize(code, np.histogram(code, 20)[1][:-1]) for code in images.codes.T]
    table = np.array([[mutual_info_score(code, factor) for factor in images.factors.T] for code in bins])
    best = np.sort(table, axis=0)[::-1]
    expected = ((best[0] - best[1]) / np.log(SIZES)).mean()
    assert score(MIG(), kind)["score"] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("metric", "name", "chance"),
    [
        (FactorVAEScore(votes=1000, scored=1000), "score", 1 / 3),
        (BetaVAEScore(fitted=1000, scored=1000), "score", 1 / 3),
        (MIG(), "score", 0.0),
        (SAP(), "score", 0.0),
        (DCI(trees=20), "disentanglement", 0.0),
        (DCI(trees=20), "completeness", 0.0),
        (DCI(trees=20), "informativeness", (1 / 3 + 1 / 4 + 1 / 5) / 3),
        (ModularityExplicitness(), "modularity", None),
        (ModularityExplicitness(), "explicitness", 0.5),
    ],
    ids=lambda value: value.name() if isinstance(value, DisentanglementScore) else str(value),
)
def test_perfect_codes_have_the_most_and_random_codes_the_least(
    metric: DisentanglementScore, name: str, chance: float | None
) -> None:
    perfect, rotated, random = (score(metric, kind)[name] for kind in KINDS)
    most = {"sap": 0.3}.get(metric.name(), 0.97)
    assert most < perfect <= 1
    assert rotated < perfect + 0.005  # informativeness and explicitness do not mind a rotation
    if chance is not None:
        assert random == pytest.approx(chance, abs=0.06)


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
