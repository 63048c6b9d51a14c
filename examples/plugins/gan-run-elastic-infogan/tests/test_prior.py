import math

import pytest
import torch
from gan_run_elastic_infogan import LearntCategorical
from gan_run_elastic_infogan.prior import LearntCategoricalModule, perturbed
from torch import Tensor

from gan_run.testing import LatentSuite


class TestLearntCategorical(LatentSuite):
    component = LearntCategorical(classes=4)


def prior(*frequencies: float, temperature: float = 0.1) -> LearntCategoricalModule:
    module = LearntCategoricalModule(len(frequencies), temperature)
    with torch.no_grad():
        module.logits.copy_(torch.tensor(frequencies).log())
    return module


def test_categories_come_as_often_as_their_frequencies_say() -> None:
    torch.manual_seed(0)
    shares = torch.bincount(prior(0.7, 0.2, 0.1).sample(10000), minlength=3) / 10000
    torch.testing.assert_close(shares, torch.tensor([0.7, 0.2, 0.1]), atol=0.02, rtol=0)


def test_its_entropy_is_that_of_the_frequencies_and_pulls_at_nothing() -> None:
    entropy = prior(0.75, 0.25).entropy()
    assert entropy.item() == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert not entropy.requires_grad


def test_noise_drawn_for_a_category_makes_it_the_largest_and_is_gumbels_over_all_of_them() -> None:
    torch.manual_seed(0)
    module = prior(0.7, 0.2, 0.1)
    log_probabilities = module.logits.detach().log_softmax(dim=0)
    value = module.sample(200_000)
    noise = perturbed(log_probabilities, value) - log_probabilities
    assert torch.equal((log_probabilities + noise).argmax(dim=1), value)
    # Gumbel's mean is Euler's constant, its variance pi^2 / 6, and noises are independent.
    torch.testing.assert_close(noise.mean(dim=0), torch.full((3,), 0.5772), atol=0.01, rtol=0)
    torch.testing.assert_close(torch.cov(noise.T), torch.eye(3) * math.pi**2 / 6, atol=0.03, rtol=0)


def test_the_gradient_is_that_of_the_gumbel_softmax_estimator() -> None:
    torch.manual_seed(0)
    module, n = prior(0.6, 0.3, 0.1, temperature=0.5), 400_000
    worth = torch.tensor([1.0, -2.0, 0.5])

    def gradient(relaxed: Tensor) -> Tensor:
        (found,) = torch.autograd.grad((relaxed @ worth).square().mean(), module.logits)
        return found

    ours = gradient(module.embed(module.sample(n)))
    gumbel = -torch.empty(n, 3).exponential_().log()
    unconditional = gradient(((module.logits.log_softmax(0) + gumbel) / 0.5).softmax(1))
    torch.testing.assert_close(ours, unconditional, atol=0.01, rtol=0.03)


def test_a_finished_model_is_given_one_hot_rows() -> None:
    module = prior(0.5, 0.5).eval()
    assert module.embed(torch.tensor([1, 0])).tolist() == [[0, 1], [1, 0]]
    relaxed = module.train().embed(torch.tensor([1, 0]))
    assert relaxed.argmax(dim=1).tolist() == [1, 0]
