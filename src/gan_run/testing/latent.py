"""The tests that every latent passes."""

import json
import math
import re
from collections.abc import Mapping
from typing import ClassVar

import pytest
import torch
from scipy.stats import differential_entropy
from torch import Tensor

from gan_run.core.images.columns import Columns
from gan_run.core.kinds.latent import Latent, build_latents
from gan_run.core.kinds.latent_module import LatentModule, LogLikelihood, log_prob
from gan_run.core.kinds.latent_space import LatentSpace
from gan_run.core.kinds.repeated_latent import Repeated
from gan_run.testing.component import ComponentSuite
from gan_run.testing.game import Noise, small_spec
from gan_run.testing.rng import only_torch_rng

NAME = "it"
SIZES = pytest.mark.parametrize("n", [1, 7])


class LatentSuite(ComponentSuite):
    """Set `component` to a latent. Every test runs with one copy of it and, unless it depends on other latents or
    observes a column, with two. The dataset has three classes, and the columns `number`, `angle`, `vector` (of three
    numbers) and `picture` (1, 12, 12)."""

    component: Latent
    others: ClassVar[Mapping[str, object]] = {"category": {"type": "categorical", "classes": 3}}
    """The latents beside it, among them those that it depends on."""

    @pytest.fixture(params=[1, 2], ids="count={}".format, autouse=True)
    def _count(self, request: pytest.FixtureRequest) -> None:
        if request.param > 1 and self._has_one_copy():
            pytest.skip("it has one copy")
        self.component = self.component.model_copy(update={"count": request.param})

    def _has_one_copy(self) -> bool:
        return bool(self.component.depends_on() or self.component.observed_columns())

    def space(self) -> LatentSpace:
        """The latent, called `it`, and the others, with their priors fitted to the dataset."""
        torch.manual_seed(2)
        declared = small_spec(self.component, {"latents": {**self.others, NAME: self.component}}).latents
        space = build_latents(declared, Noise().describe())
        space.fit_prior(self.columns())
        return space

    def latent(self, n: int) -> LatentModule:
        """The module of `component`, given `n` values of the latents that it depends on."""
        space = self.space()
        torch.manual_seed(2)
        return space.conditional(NAME, space.sample(n))

    def code(self, n: int) -> LatentModule:
        """The same; the test is skipped for a latent that is only noise or a condition."""
        latent = self.latent(n)
        if not latent.posterior_width:
            pytest.skip("it is noise or a condition, and no code")
        return latent

    def columns(self) -> Columns:
        """What is known of the training images."""
        return Noise().load("train").columns

    def posterior_params(self, latent: LatentModule, n: int) -> Tensor:
        """Posterior parameters (n, P) of an untrained Q."""
        torch.manual_seed(1)
        return torch.randn(n, latent.posterior_width)

    def values(self, latent: LatentModule, n: int) -> Tensor:
        """Values (n, …) or (n, count, …), the same at every call."""
        torch.manual_seed(3)
        return latent.sample(n)

    def fitted_params(self, latent: LatentModule, value: Tensor) -> Tensor:
        """Posterior parameters (N, P) after 300 steps of gradient descent on the likelihood of `value`."""
        params = self.posterior_params(latent, len(value)).requires_grad_()
        optimizer = torch.optim.Adam([params], lr=0.1)
        for _ in range(300):
            optimizer.zero_grad()
            (-latent.log_likelihood(params, value).sum()).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        return params.detach()

    @SIZES
    def test_it_is_sampled_from_torchs_stream_alone(self, n: int) -> None:
        latent = self.latent(n)
        with only_torch_rng():
            values = latent.sample(n)
            other = latent.sample(n)
        assert len(values) == len(other) == n
        latent = self.latent(50)
        torch.manual_seed(5)
        first = latent.sample(50)
        torch.manual_seed(5)
        assert torch.equal(latent.sample(50), first), "the same seed gives other values"
        assert not torch.equal(latent.sample(50), first), "every draw gives the same values"

    @SIZES
    def test_its_values_have_one_axis_and_copies_a_second(self, n: int) -> None:
        latent = self.latent(n)
        assert latent.count == self.component.count
        copies = () if latent.count == 1 else (latent.count,)
        assert latent.sample(n).shape == (n, *copies, *latent.value_shape)

    @SIZES
    def test_its_values_are_embedded_in_width_columns(self, n: int) -> None:
        latent = self.latent(n)
        embedded = latent.embed(latent.sample(n))
        assert embedded.shape == (n, latent.width)
        assert embedded.is_floating_point()
        assert embedded.isfinite().all()

    def test_different_values_are_embedded_differently(self) -> None:
        latent = self.latent(64)
        torch.manual_seed(2)
        embedded = latent.embed(latent.sample(64))
        assert len(torch.unique(embedded, dim=0)) > 1

    @SIZES
    def test_its_likelihood_is_that_of_its_posterior(self, n: int) -> None:
        latent = self.code(n)
        params, value = self.posterior_params(latent, n), latent.sample(n)
        likelihood = latent.log_likelihood(params, value)
        assert likelihood.shape == (n,)
        assert likelihood.isfinite().all()
        expected = log_prob(latent.posterior(params), value.to(params.dtype))
        torch.testing.assert_close(likelihood, expected.reshape(n, -1).sum(dim=1), atol=1e-4, rtol=1e-4)

    def test_its_likelihood_has_a_gradient_in_every_posterior_parameter(self) -> None:
        latent = self.code(64)
        params = self.posterior_params(latent, 64).requires_grad_()
        (gradient,) = torch.autograd.grad(latent.log_likelihood(params, latent.sample(64)).sum(), params)
        assert gradient.isfinite().all()
        assert gradient.any(dim=0).all(), "some columns of Q's output have no gradient: is posterior_width too large?"

    def test_its_likelihood_is_computed_in_full_precision(self) -> None:
        latent = self.code(8)
        params, value = self.posterior_params(latent, 8), latent.sample(8)
        likelihood = latent.log_likelihood(params.bfloat16(), value)
        assert likelihood.dtype == torch.float32
        torch.testing.assert_close(likelihood, latent.log_likelihood(params.bfloat16().float(), value))

    def test_gradient_descent_fits_the_posterior_to_a_value(self) -> None:
        latent = self.code(32)
        value = self.values(latent, 32)
        before = latent.log_likelihood(self.posterior_params(latent, 32), value).mean()
        params = self.fitted_params(latent, value)
        assert latent.log_likelihood(params, value).mean() > before
        assert latent.recovery(params, value) > 0.5, "`recovery` is below 0.5 for a Q that was fitted to the values"

    def test_the_scale_of_its_posterior_is_learnt_or_refitted(self) -> None:
        latent = self.code(64)
        if latent.cardinality is not None:
            return
        params = self.posterior_params(latent, 64)
        peaks = latent.log_likelihood(params, latent.estimate(params))
        if peaks.std() > 1e-4:
            return  # Q outputs the scale
        value = self.values(latent, 64)
        params = self.fitted_params(latent, value)
        narrow = latent.refit_scale(params, value)(params, latent.estimate(params))
        message = "the posterior stays as wide however well Q recovers the values: override `refit_scale`"
        assert narrow.mean() > peaks.mean() + 0.5 * latent.count, message

    def test_values_that_q_recovers_carry_information(self) -> None:
        latent = self.code(256)
        value = self.values(latent, 256)
        params = self.fitted_params(latent, value)
        nats = (latent.refit_scale(params, value)(params, value).mean() + latent.entropy()).item()
        least = 0.0 if latent.cardinality is None else 0.8 * latent.entropy().item()
        assert nats > least, f"{nats:.2f} nats, although Q was fitted to the values: is `entropy` right?"

    def test_recovery_lies_between_zero_and_one(self) -> None:
        latent = self.code(32)
        recovery = latent.recovery(self.posterior_params(latent, 32), latent.sample(32))
        assert recovery.shape == ()
        assert 0 <= recovery <= 1

    def test_its_entropy_is_a_finite_scalar(self) -> None:
        entropy = self.code(8).entropy()
        assert entropy.shape == ()
        assert entropy.isfinite()

    def test_its_entropy_is_that_of_its_samples(self) -> None:
        latent = self.code(20_000)
        one = latent.one if isinstance(latent, Repeated) else latent
        torch.manual_seed(4)
        value = one.sample(20_000)
        measured = _entropy(one, value)
        if one.depends_on:
            given = torch.stack([one.given[name].double() for name in one.depends_on], dim=1)
            group = torch.unique(given, dim=0, return_inverse=True)[1]
            parts = [value[group == number] for number in range(int(group.max()) + 1)]
            measured = sum(_entropy(one, part) * len(part) for part in parts) / len(value)
        assert math.isclose(one.entropy().item(), measured, abs_tol=0.05), f"{measured:.3f} nats in 20,000 samples"

    def test_its_log_prior_is_that_of_its_samples(self) -> None:
        latent = self.latent(20_000)
        if not latent.has_log_prior:
            pytest.skip("it has no log_prior")
        nats = -latent.log_prior(self.values(latent, 20_000))
        assert nats.shape == (20_000,)
        assert math.isclose(nats.mean().item(), latent.entropy().item(), abs_tol=0.05), f"{nats.mean():.3f} nats"

    def test_its_estimate_is_one_of_its_values(self) -> None:
        latent = self.code(6)
        value = latent.sample(6)
        for params in (self.posterior_params(latent, 6), torch.zeros(6, latent.posterior_width)):
            estimate = latent.estimate(params)
            assert estimate.shape == value.shape
            assert estimate.dtype == value.dtype
            assert latent.embed(estimate).isfinite().all()

    def test_its_probabilities_are_those_of_its_values(self) -> None:
        latent = self.code(6)
        if latent.cardinality is None:
            return
        params = self.posterior_params(latent, 6)
        probabilities = latent.probabilities(params)
        assert probabilities.shape == (*latent.sample(6).shape, latent.cardinality)
        torch.testing.assert_close(probabilities.sum(dim=-1), torch.ones(probabilities.shape[:-1]))
        assert torch.equal(probabilities.argmax(dim=-1), latent.estimate(params))

    def test_its_deviation_is_predicted_for_each_image(self) -> None:
        latent = self.code(6)
        deviation = None if latent.cardinality is not None else latent.deviation(self.posterior_params(latent, 6))
        if deviation is None:
            return
        assert deviation.shape == latent.sample(6).shape
        assert (deviation > 0).all()
        assert deviation.std() > 0, "`deviation` is the same for all images: it has to return None"

    def test_its_observation_of_columns_has_the_shape_of_a_value(self) -> None:
        latent = self.latent(1)
        observed = latent.observe(self.columns())
        assert (observed is not None) is bool(self.component.observed_columns())
        if observed is not None:
            assert observed.shape == latent.sample(len(observed)).shape
            assert latent.embed(observed).shape == (len(observed), latent.width)

    def test_its_control_is_an_element_of_html_with_json_settings(self) -> None:
        control = self.latent(2).control()
        if not control.element:
            pytest.skip("it has no control")
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", control.element), "a custom element has a hyphen"
        json.dumps(dict(control.settings), allow_nan=False)
        if control.script:
            assert f'define("{control.element}"' in control.script, "the script has to define the element"

    def test_a_traversal_shows_its_values(self) -> None:
        latent = self.code(1)
        grid = latent.traversal_values(5)
        assert grid.dim() == 1
        assert len(grid) == (latent.cardinality or 5)
        space = self.space()
        for code_dim in space.code_dims([NAME]):
            for number in grid:
                assert space.embed(space.with_value(space.sample(1), code_dim, number)).isfinite().all()
        if latent.cardinality is None:
            low, high = latent.traversal_values(3, -2.0, 2.0)[[0, -1]].tolist()
            assert (low, high) == (-2.0, 2.0)

    def test_two_copies_behave_as_two_single_latents(self) -> None:
        one, two = self._one_and_two()
        value = two.sample(9)
        torch.manual_seed(7)
        expected = one.sample(18).view(9, 2, *one.value_shape)
        torch.manual_seed(7)
        assert torch.equal(two.sample(9), expected)
        assert torch.equal(two.embed(value), torch.cat([one.embed(value[:, 0]), one.embed(value[:, 1])], dim=1))

    def test_two_copies_are_recovered_as_two_single_latents(self) -> None:
        self.code(1)
        one, two = self._one_and_two()
        params, value = self.posterior_params(two, 9), two.sample(9)
        first, second = params.chunk(2, dim=1)

        def summed(likelihood: LogLikelihood, other: LogLikelihood) -> Tensor:
            return likelihood(first, value[:, 0]) + other(second, value[:, 1])

        assert torch.equal(two.estimate(params), torch.stack([one.estimate(first), one.estimate(second)], dim=1))
        close = torch.testing.assert_close
        close(two.log_likelihood(params, value), summed(one.log_likelihood, one.log_likelihood))
        refitted = one.refit_scale(first, value[:, 0]), one.refit_scale(second, value[:, 1])
        close(two.refit_scale(params, value)(params, value), summed(*refitted))
        close(two.recovery(params, value), (one.recovery(first, value[:, 0]) + one.recovery(second, value[:, 1])) / 2)
        close(two.entropy(), one.entropy() * 2)
        assert torch.equal(two.traversal_values(4), one.traversal_values(4))
        assert torch.equal(two.value(1), one.value(1))

    def _one_and_two(self) -> tuple[LatentModule, Repeated]:
        if self._has_one_copy():
            pytest.skip("it has one copy")
        latent = self.latent(1)
        one = latent.one if isinstance(latent, Repeated) else latent
        return one, Repeated(one, 2).eval()  # in training a latent may embed with noise

    def test_its_state_is_saved_and_loaded(self) -> None:
        latent, other = self.latent(20).eval(), self.latent(20).eval()
        with torch.no_grad():
            for parameter in latent.parameters():
                parameter.add_(0.5)
        latent.fit_prior({name: column[:10] for name, column in self.columns().items()})
        other.load_state_dict(latent.state_dict())
        torch.manual_seed(6)
        values = latent.sample(20)
        torch.manual_seed(6)
        assert torch.equal(other.sample(20), values)
        assert torch.equal(other.embed(values), latent.embed(values))


def _entropy(latent: LatentModule, value: Tensor) -> float:
    """The entropy of samples (N,), in nats."""
    if latent.cardinality is not None:
        return float(torch.special.entr(value.bincount() / len(value)).sum())
    return float(differential_entropy(value.double().numpy()))
