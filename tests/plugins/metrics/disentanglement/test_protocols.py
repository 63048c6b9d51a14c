"""The scores of perfect, rotated and random codes of sprites, against the protocols of disentanglement_lib written out.

The protocols draw combinations of factors and encode their images (Locatello et al. 2019, appendix B); the scores draw
from images that were encoded before. Here the images are a part of the sprites lattice: 3 shapes, 6 scales, and every
fifth orientation and fourth position, 9,216 images. A score sees 3,000 of them at random.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import entropy
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score, roc_auc_score
from sklearn.svm import LinearSVC

from gan_run.plugins.data.sprites.drawing import LATTICE
from gan_run.plugins.data.sprites.source import Sprites
from gan_run.plugins.metrics.disentanglement.betavae import BetaVAEScore
from gan_run.plugins.metrics.disentanglement.dci import DCI
from gan_run.plugins.metrics.disentanglement.factorvae import FactorVAEScore
from gan_run.plugins.metrics.disentanglement.gaps import MIG, ModularityExplicitness
from gan_run.plugins.metrics.disentanglement.representation import Representation
from gan_run.plugins.metrics.disentanglement.sap import SAP
from gan_run.plugins.metrics.disentanglement.score import DisentanglementScore

Numbers = NDArray[np.float64]
Categories = NDArray[np.int64]

NAMES = ("label", "scale", "orientation", "x", "y")
EVERY = (1, 1, 5, 4, 4)
"""Of each factor, every so many values are taken."""
SIZES = tuple(size // step for size, step in zip(LATTICE, EVERY, strict=True))
KINDS = ("perfect", "rotated", "random")
IMAGES = 3000
BATCH = 16
VOTES = 1000
FITTED, SCORED = 1500, 1000
TREES = 6
"""So few take seconds, and differ as more would."""


@cache
def sprites() -> Categories:
    """The factors of the images as numbers of their values, (9216, 5), in the order of the lattice."""
    columns = Sprites(size=8, test=0).load("train").columns
    numbers = [np.unique(columns[name].numpy(), return_inverse=True)[1] for name in NAMES]
    taken = np.stack([number // step for number, step in zip(numbers, EVERY, strict=True)], axis=1)
    part = taken[np.all([number % step == 0 for number, step in zip(numbers, EVERY, strict=True)], axis=0)]
    ordered: Categories = part[np.argsort(np.ravel_multi_index(tuple(part.T), SIZES))]
    assert np.array_equal(np.ravel_multi_index(tuple(ordered.T), SIZES), np.arange(math.prod(SIZES)))
    return ordered


class GroundTruth(NamedTuple):
    """What a protocol asks: factors, and codes of images that are made from them."""

    codes: Numbers
    """Of all images in the order of the lattice."""
    draws: np.random.Generator

    def encode(self, factors: Categories) -> Numbers:
        return self.codes[np.ravel_multi_index(tuple(factors.T), SIZES)]

    def factors(self, count: int) -> Categories:
        return np.stack([self.draws.integers(size, size=count) for size in SIZES], axis=1)

    def images(self, *counts: int) -> list[tuple[Numbers, Categories]]:
        """Sets of random images, none of them twice, as none is drawn twice from a lattice of any size."""
        order = self.draws.permutation(len(self.codes))
        parts = np.split(order, np.cumsum(counts))[: len(counts)]
        return [(self.codes[part], sprites()[part]) for part in parts]


@cache
def codes_of(kind: str) -> Numbers:
    """Five codes of every image. Perfect ones are the factors in another order, one of them with its sign changed."""
    draws, factors = np.random.default_rng(0), sprites().astype(np.float64)
    centred = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    rotation = np.linalg.qr(draws.normal(size=(5, 5)))[0]
    perfect = centred[:, [3, 0, 4, 2, 1]] * [1, -1, 1, 1, 0.7]
    codes = {"perfect": perfect, "rotated": centred @ rotation, "random": draws.normal(size=centred.shape)}[kind]
    return codes + draws.normal(scale=1e-3, size=codes.shape)


def factorvae(truth: GroundTruth) -> dict[str, float]:
    whole = truth.encode(truth.factors(10000)).var(axis=0, ddof=1)
    votes = np.zeros((2, 5, 5))
    for part in range(2):
        for _ in range(VOTES):
            k, factors = truth.draws.integers(5), truth.factors(BATCH)
            factors[:, k] = factors[0, k]
            votes[part, k, np.argmin(truth.encode(factors).var(axis=0, ddof=1) / whole)] += 1
    majority = votes[0].argmax(axis=0)
    return {"score": votes[1][majority, range(5)].sum() / VOTES}


def betavae(truth: GroundTruth) -> dict[str, float]:
    differences, shared = [], []
    for _ in range(2 * VOTES):
        k, one, other = truth.draws.integers(5), truth.factors(BATCH), truth.factors(BATCH)
        other[:, k] = one[:, k]
        differences.append(np.abs(truth.encode(one) - truth.encode(other)).mean(axis=0))
        shared.append(k)
    classifier = LogisticRegression(max_iter=1000).fit(differences[:VOTES], shared[:VOTES])
    return {"score": classifier.score(differences[VOTES:], shared[VOTES:])}


def information(codes: Numbers, factors: Categories) -> Numbers:
    bins = [np.digitize(code, np.histogram(code, 20)[1][:-1]) for code in codes.T]
    return np.array([[mutual_info_score(code, factor) for factor in factors.T] for code in bins])


def mig(truth: GroundTruth) -> dict[str, float]:
    ((codes, factors),) = truth.images(IMAGES)
    table = np.sort(information(codes, factors), axis=0)
    entropies = [entropy(np.bincount(factor)) for factor in factors.T]
    return {"score": float(np.mean((table[-1] - table[-2]) / entropies))}


def sap(truth: GroundTruth) -> dict[str, float]:
    (codes, factors), (other_codes, other_factors) = truth.images(FITTED, SCORED)
    accuracies = np.zeros((5, 5))
    for code, factor in np.ndindex(5, 5):
        machine = LinearSVC(C=0.01, class_weight="balanced", dual=False)
        machine.fit(codes[:, code : code + 1], factors[:, factor])
        found = machine.predict(other_codes[:, code : code + 1])
        accuracies[code, factor] = np.mean(found == other_factors[:, factor])
    ordered = np.sort(accuracies, axis=0)
    return {"score": float(np.mean(ordered[-1] - ordered[-2]))}


def dci(truth: GroundTruth) -> dict[str, float]:
    (codes, factors), (other_codes, other_factors) = truth.images(FITTED, SCORED)
    importance, accuracies = np.zeros((5, 5)), []
    for factor in range(5):
        trees = GradientBoostingClassifier(n_estimators=TREES).fit(codes, factors[:, factor])
        importance[:, factor] = trees.feature_importances_
        accuracies.append(np.mean(trees.predict(other_codes) == other_factors[:, factor]))
    rows, columns = (1 - entropy(table.T + 1e-11, base=5) for table in (importance, importance.T))
    return {
        "disentanglement": float(rows @ importance.sum(axis=1) / importance.sum()),
        "completeness": float(columns @ importance.sum(axis=0) / importance.sum()),
        "informativeness": float(np.mean(accuracies)),
    }


def modularity_explicitness(truth: GroundTruth) -> dict[str, float]:
    (codes, factors), (other_codes, other_factors) = truth.images(FITTED, SCORED)
    modularities = []
    for of_code in information(codes, factors):
        best = of_code.argmax()
        template = np.zeros(5)
        template[best] = of_code[best]
        modularities.append(1 - np.square(of_code - template).sum() / (of_code[best] ** 2 * 4))
    mean, deviation = codes.mean(axis=0), codes.std(axis=0)
    areas = []
    for factor, other in zip(factors.T, other_factors.T, strict=True):
        classifier = LogisticRegression(max_iter=1000).fit((codes - mean) / deviation, factor)
        shares = classifier.predict_proba((other_codes - mean) / deviation)
        areas.append(roc_auc_score(np.eye(len(shares.T))[other], shares))
    return {"modularity": float(np.mean(modularities)), "explicitness": float(np.mean(areas))}


class Case(NamedTuple):
    """A score and its protocol."""

    metric: DisentanglementScore
    protocol: Callable[[GroundTruth], Mapping[str, float]]
    tolerance: float
    """How far they may be apart: about three standard errors of a difference of two draws."""
    perfect: Mapping[str, float]
    """The most that there can be, which perfect codes have; the most of SAP depends on the factors."""
    random: Mapping[str, float]
    """What random codes have, where this is a fixed value."""


CHANCE = float(np.mean([1 / size for size in SIZES]))
"""The accuracy of guessing a factor, its mean over the factors."""
CASES = [
    Case(FactorVAEScore(batch=BATCH, votes=VOTES, scored=VOTES), factorvae, 0.06, {"score": 1.0}, {"score": 1 / 5}),
    Case(BetaVAEScore(batch=BATCH, fitted=VOTES, scored=VOTES), betavae, 0.06, {"score": 1.0}, {"score": 1 / 5}),
    Case(MIG(fitted=IMAGES), mig, 0.01, {"score": 1.0}, {"score": 0.0}),
    Case(SAP(fitted=FITTED, scored=SCORED), sap, 0.03, {}, {"score": 0.0}),
    Case(
        DCI(fitted=FITTED, scored=SCORED, trees=TREES),
        dci,
        0.04,
        {"disentanglement": 1.0, "completeness": 1.0, "informativeness": 1.0},
        {"disentanglement": 0.0, "completeness": 0.0, "informativeness": CHANCE},
    ),
    Case(
        ModularityExplicitness(fitted=FITTED, scored=SCORED),
        modularity_explicitness,
        0.04,
        {"modularity": 1.0, "explicitness": 1.0},
        {"explicitness": 1 / 2},
    ),
]


@cache
def scored(case: int, kind: str) -> Mapping[str, float]:
    """The score of 3,000 images at random."""
    at = np.random.default_rng(1).permutation(len(sprites()))[:IMAGES]
    encoded = Representation(codes_of(kind)[at], sprites()[at], tuple("abcde"), NAMES)
    return CASES[case].metric.score(encoded, np.random.default_rng(2))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", range(len(CASES)), ids=[case.metric.name() for case in CASES])
def test_a_score_is_that_of_its_protocol_written_out(case: int, kind: str) -> None:
    expected = CASES[case].protocol(GroundTruth(codes_of(kind), np.random.default_rng(3)))
    found = scored(case, kind)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=CASES[case].tolerance)


@pytest.mark.parametrize("case", range(len(CASES)), ids=[case.metric.name() for case in CASES])
def test_perfect_codes_have_the_most_and_random_codes_the_least(case: int) -> None:
    perfect, rotated, random = (scored(case, kind) for kind in KINDS)
    for name, most in CASES[case].perfect.items():
        assert most - 0.05 < perfect[name] <= most
    for name, least in CASES[case].random.items():
        assert random[name] == pytest.approx(least, abs=0.05)
        assert random[name] - 0.05 < rotated[name] < perfect[name] + 0.01
