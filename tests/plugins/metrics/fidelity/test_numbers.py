"""The scores of given features, against formulas written out plainly, other libraries and values worked out by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from torch import Tensor

from gan_run import DataError, ImageFeatures, PluginError
from gan_run.plugins.metrics.fidelity.classifier import ClassifierNetwork
from gan_run.plugins.metrics.fidelity.fid import FID
from gan_run.plugins.metrics.fidelity.inception_score import InceptionScore
from gan_run.plugins.metrics.fidelity.kid import KID
from gan_run.plugins.metrics.fidelity.prdc import PRDC, density_and_coverage
from gan_run.plugins.metrics.fidelity.score import FidelityScore

NETWORK = ClassifierNetwork()


def score(metric: FidelityScore, generated: Tensor, real: Tensor) -> dict[str, float]:
    return dict(metric.compute(ImageFeatures(generated), ImageFeatures(real), seed=1))


def drawn(n: int, width: int, seed: int = 0, shift: float = 0.0) -> Tensor:
    """Features with a covariance that is not diagonal, none of them negative, as a network's are."""
    stream = torch.Generator().manual_seed(seed)
    mixing = torch.randn(width, width, generator=torch.Generator().manual_seed(9)) / math.sqrt(width)
    return (torch.randn(n, width, generator=stream) @ mixing + shift).relu()


def plain_fid(generated: Tensor, real: Tensor) -> float:
    one, other = generated.double().numpy(), real.double().numpy()
    covariances = [np.cov(each, rowvar=False) for each in (one, other)]
    difference = one.mean(0) - other.mean(0)
    root = sqrtm(covariances[0] @ covariances[1])
    return float(
        difference @ difference + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.trace(root).real
    )


@pytest.mark.parametrize(("n", "m", "width"), [(400, 300, 24), (2000, 500, 64)])
def test_fid_is_that_of_scipys_matrix_square_root(n: int, m: int, width: int) -> None:
    generated, real = drawn(n, width, shift=0.3), drawn(m, width, seed=1)
    assert score(FID(network=NETWORK), generated, real)["fid"] == pytest.approx(plain_fid(generated, real), rel=1e-4)


def test_fid_of_gaussians_in_one_dimension_is_worked_out_by_hand() -> None:
    # Means 2 and 5, standard deviations 1 and 3 (of a sample): (2 - 5)^2 + (1 - 3)^2.
    generated, real = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[2.0], [5.0], [8.0]])
    pair = torch.cat([generated, torch.zeros(3, 1)], 1), torch.cat([real, torch.zeros(3, 1)], 1)
    assert score(FID(network=NETWORK), *pair)["fid"] == pytest.approx(9 + 4)


def test_fid_of_a_set_with_itself_is_zero_though_its_covariance_is_singular() -> None:
    few = drawn(20, 64)
    assert score(FID(network=NETWORK), few, few)["fid"] == pytest.approx(0, abs=1e-4)


def test_fid_is_that_of_torch_fidelity_on_the_same_features() -> None:
    from torch_fidelity.metric_fid import fid_featuresdict_to_statistics, fid_statistics_to_metric

    generated, real = drawn(300, 16, shift=0.2), drawn(200, 16, seed=1)
    one, other = (fid_featuresdict_to_statistics({"x": each}, "x") for each in (generated, real))
    # Its mean is of float32, as it comes out of a network; ours is of float64.
    theirs = fid_statistics_to_metric(one, other, verbose=False)["frechet_inception_distance"]
    assert score(FID(network=NETWORK), generated, real)["fid"] == pytest.approx(theirs, rel=1e-4)


def plain_kid(generated: Tensor, real: Tensor) -> float:
    """Gretton et al. 2012, equation 3, with the kernel of Bińkowski et al. 2018."""

    def kernel(x: Tensor, y: Tensor) -> float:
        return float((x.double() @ y.double() / len(x) + 1) ** 3)

    n, m = len(generated), len(real)
    within = [
        sum(kernel(each[i], each[j]) for i in range(len(each)) for j in range(len(each)) if i != j)
        for each in (generated, real)
    ]
    between = sum(kernel(x, y) for x in generated for y in real)
    return within[0] / (n * (n - 1)) + within[1] / (m * (m - 1)) - 2 * between / (n * m)


def test_kid_is_the_unbiased_discrepancy_where_a_subset_is_the_whole_set() -> None:
    generated, real = drawn(30, 8, shift=0.2), drawn(30, 8, seed=1)
    found = score(KID(network=NETWORK, subsets=3), generated, real)
    assert found["kid"] == pytest.approx(plain_kid(generated, real), rel=1e-6)
    assert found["standard_error"] == pytest.approx(0, abs=1e-9)


def test_kid_of_subsets_is_their_mean_with_its_standard_error() -> None:
    from torch_fidelity.metric_kid import kid_features_to_metric

    generated, real = drawn(200, 8, shift=0.2).double(), drawn(150, 8, seed=1).double()
    found = score(KID(network=NETWORK, subsets=20, subset_size=50), generated, real)
    theirs = kid_features_to_metric(generated, real, kid_subsets=20, kid_subset_size=50, rng_seed=1, verbose=False)
    assert found["kid"] == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4)
    deviation = theirs["kernel_inception_distance_std"] * math.sqrt(20 / 19)
    assert found["standard_error"] == pytest.approx(deviation / math.sqrt(20))
    assert abs(found["kid"] - plain_kid(generated, real)) < 4 * found["standard_error"]


REAL = torch.tensor([[0.0], [1.0], [3.0], [-9.0]])
GENERATED = torch.tensor([[0.5], [4.0], [10.0]])


def test_prdc_is_worked_out_by_hand() -> None:
    # Balls of the real images: 0 ± 1, 1 ± 1, 3 ± 2, -9 ± 9; of the generated ones: 0.5 ± 3.5, 4 ± 3.5, 10 ± 6.
    # 0.5 is in two real balls, 4 in one, 10 in none; of the real images only -9 is in no generated ball, and only its
    # ball has no generated image.
    found = score(PRDC(network=NETWORK, neighbour=1), GENERATED, REAL)
    assert found == pytest.approx({"precision": 2 / 3, "recall": 3 / 4, "density": 3 / 3, "coverage": 3 / 4})


def plain_prdc(generated: Tensor, real: Tensor, k: int) -> dict[str, float]:
    def distance(x: Tensor, y: Tensor) -> float:
        return float((x - y).square().sum().sqrt())

    def radii(points: Tensor) -> list[float]:
        return [sorted(distance(p, q) for j, q in enumerate(points) if j != i)[k - 1] for i, p in enumerate(points)]

    def inside(points: Tensor, centres: Tensor) -> list[list[bool]]:
        reach = radii(centres)
        return [[distance(p, c) <= r for c, r in zip(centres, reach, strict=True)] for p in points]

    hit, back = inside(generated, real), inside(real, generated)
    return {
        "precision": float(np.mean([any(row) for row in hit])),
        "recall": float(np.mean([any(row) for row in back])),
        "density": float(np.sum(hit)) / (k * len(generated)),
        "coverage": float(np.mean(np.any(hit, axis=0))),
    }


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(6, 40), st.integers(6, 40), st.integers(1, 5))
def test_prdc_is_that_of_brute_force(seed: int, n: int, m: int, k: int) -> None:
    stream = torch.Generator().manual_seed(seed)
    generated = torch.randn(n, 3, generator=stream, dtype=torch.float64) + 0.5
    real = torch.randn(m, 3, generator=stream, dtype=torch.float64)
    found = score(PRDC(network=NETWORK, neighbour=k), generated, real)
    assert found == pytest.approx(plain_prdc(generated, real, k), abs=1e-6)


def test_density_and_coverage_are_summed_over_parts_of_the_images() -> None:
    generated, real = drawn(1500, 4, shift=0.1).double(), drawn(1100, 4, seed=1).double()
    radii = torch.cdist(real, real).kthvalue(4).values
    inside = torch.cdist(generated, real) <= radii
    expected = (float(inside.sum()) / (3 * 1500), float(inside.any(0).double().mean()))
    assert density_and_coverage(generated, real, 3) == pytest.approx(expected)


def test_more_neighbours_than_images_are_refused() -> None:
    with pytest.raises(DataError, match="3 images have no neighbour 5"):
        score(PRDC(network=NETWORK), GENERATED, REAL)


def inception_score(probabilities: list[list[float]], parts: int = 1, seed: int = 0) -> dict[str, float]:
    logits = torch.tensor(probabilities, dtype=torch.float64).log()
    metric = InceptionScore(network=NETWORK, parts=parts)
    features = ImageFeatures(torch.zeros(len(logits), 1), logits)
    return dict(metric.compute(features, ImageFeatures(torch.zeros(0)), seed))


def test_the_inception_score_is_worked_out_by_hand() -> None:
    sure, unsure = inception_score([[1, 1e-30], [1e-30, 1]]), inception_score([[0.5, 0.5], [0.5, 0.5]])
    assert sure["inception_score"] == pytest.approx(2)  # as many as classes
    assert unsure["inception_score"] == pytest.approx(1)
    between = inception_score([[0.9, 0.1], [0.1, 0.9]])
    assert between["inception_score"] == pytest.approx(math.exp(0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5)))


def test_the_inception_score_of_parts_of_one_image_is_one() -> None:
    assert inception_score([[0.9, 0.1], [0.1, 0.9], [0.3, 0.7]], parts=3) == pytest.approx(
        {"inception_score": 1.0, "standard_deviation": 0.0}
    )


def test_the_inception_score_has_the_deviation_of_its_parts() -> None:
    confident, same = [[1, 1e-30], [1e-30, 1]], [[0.5, 0.5]] * 2
    deviations = {round(inception_score(confident + same, 2, seed)["standard_deviation"], 6) for seed in range(12)}
    # The images are shuffled: the parts are the two pairs, with scores of 2 and 1, or two mixed ones with equal scores.
    assert deviations == {0.5, 0.0}


def test_a_network_without_classes_has_no_inception_score() -> None:
    with pytest.raises(PluginError, match="gives no classes"):
        score(InceptionScore(network=NETWORK), torch.zeros(3, 1), torch.zeros(3, 1))
