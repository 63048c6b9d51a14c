"""What the base class and `count` add to a latent, shown with one that no plugin has: an angle, in two columns."""

import inspect
import math
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Normal, VonMises

from gan_run import (
    Columns,
    DataInfo,
    ImageShape,
    Latent,
    LatentContext,
    LatentModule,
    LogLikelihood,
    PluginError,
    log_prob,
)
from gan_run.core.kinds.repeated_latent import Repeated
from gan_run.plugins.latents.standard.bernoulli import Bernoulli
from gan_run.plugins.latents.standard.categorical import Categorical

CONTEXT = LatentContext(DataInfo(ImageShape(1, 2, 2), {"train": 1}))


class Angle(Latent):
    type: Literal["angle"] = "angle"

    def build(self, context: LatentContext) -> LatentModule:
        return AngleModule()


class Narrow(Angle):
    type: Literal["narrow"] = "narrow"  # type: ignore[assignment]

    def build(self, context: LatentContext) -> LatentModule:
        module = AngleModule()
        module.width = 0.5  # type: ignore[assignment]  # the mistake
        return module


def test_a_module_without_its_width_is_refused() -> None:
    with pytest.raises(PluginError, match="AngleModule has to set `width` to a number of columns"):
        Narrow().module(CONTEXT)


class AngleModule(LatentModule):
    width = 2
    posterior_width = 2

    def sample(self, n: int) -> Tensor:
        return torch.rand(n) * 2 * math.pi - math.pi

    def embed(self, value: Tensor) -> Tensor:
        return torch.stack([value.cos(), value.sin()], -1)

    def posterior(self, params: Tensor) -> VonMises:
        return VonMises(torch.atan2(params[..., 1], params[..., 0]), params.square().sum(-1).sqrt())

    def entropy(self) -> Tensor:
        return torch.tensor(math.log(2 * math.pi))

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        return torch.linspace(low or -math.pi, high or math.pi, steps)

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        return (self.estimate(params) - value).cos().mean().clamp(0, 1)

    def refit_scale(self, params: Tensor, value: Tensor) -> LogLikelihood:
        spread = (self.estimate(params) - value).std()
        return lambda params, value: log_prob(Normal(self.estimate(params), spread), value)


def angles(count: int) -> LatentModule:
    return Angle(count=count).module(CONTEXT)


def test_one_copy_is_the_latent_itself_without_a_copies_axis() -> None:
    one = angles(1)
    assert one.sample(5).shape == (5,)
    assert one.embed(one.sample(5)).shape == (5, 2)
    assert one.width == one.posterior_width == 2


def test_by_default_the_data_tells_nothing_and_there_is_no_limit_to_the_values() -> None:
    one = angles(1)
    assert one.observe({"label": torch.zeros(3, dtype=torch.int64)}) is None
    assert one.cardinality is None
    assert one.value(2).item() == 2.0
    assert one.value(2).is_floating_point()


def test_the_estimate_is_the_mode_of_the_posterior() -> None:
    params = torch.tensor([[0.0, 3.0], [-2.0, 0.0]])
    torch.testing.assert_close(angles(1).estimate(params), torch.tensor([math.pi / 2, math.pi]))


def test_likelihoods_are_computed_in_full_precision_under_autocast() -> None:
    params, value = torch.randn(4, 2).bfloat16(), torch.zeros(4)
    with torch.autocast("cpu", torch.bfloat16):
        found = angles(1).log_likelihood(params, value)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, angles(1).log_likelihood(params.float(), value))


@settings(max_examples=25)
@given(count=st.integers(2, 5), n=st.integers(1, 6))
def test_copies_have_an_axis_of_their_own_and_their_columns_side_by_side(count: int, n: int) -> None:
    several = angles(count)
    value = several.sample(n)
    assert value.shape == (n, count)
    assert several.width == several.posterior_width == 2 * count
    embedded = several.embed(value)
    assert embedded.shape == (n, 2 * count)
    for copy in range(count):
        torch.testing.assert_close(embedded[:, 2 * copy : 2 * copy + 2], AngleModule().embed(value[:, copy]))


@settings(max_examples=25)
@given(count=st.integers(2, 5), n=st.integers(1, 6))
def test_the_likelihood_and_the_entropy_of_copies_are_sums_over_them(count: int, n: int) -> None:
    several, one = angles(count), AngleModule()
    params, value = torch.randn(n, 2 * count), several.sample(n)
    found = several.log_likelihood(params, value)
    assert found.shape == (n,)
    singly = [one.log_likelihood(params[:, 2 * copy : 2 * copy + 2], value[:, copy]) for copy in range(count)]
    torch.testing.assert_close(found, torch.stack(singly).sum(0))
    torch.testing.assert_close(several.entropy(), one.entropy() * count)


def test_copies_are_drawn_independently() -> None:
    torch.manual_seed(0)
    correlation = angles(3).sample(4000).T.corrcoef()
    torch.testing.assert_close(correlation, torch.eye(3), atol=0.05, rtol=0)


def test_every_copy_is_estimated_from_its_own_columns() -> None:
    params = torch.tensor([[0.0, 3.0, -2.0, 0.0, 1.0, 0.0]])
    torch.testing.assert_close(angles(3).estimate(params), torch.tensor([[math.pi / 2, math.pi, 0.0]]))


def test_every_copy_is_refitted_on_its_own() -> None:
    torch.manual_seed(0)
    several, one = angles(2), AngleModule()
    value = torch.rand(50, 2) - 0.5
    noisy = value + torch.randn(50, 2) * torch.tensor([0.01, 0.3])
    params = torch.stack([noisy.cos(), noisy.sin()], -1).flatten(1)
    expected = sum(
        one.refit_scale(params[:, s], value[:, i])(params[:, s], value[:, i])
        for i, s in enumerate([slice(2), slice(2, 4)])
    )
    torch.testing.assert_close(several.refit_scale(params, value)(params, value), expected)


def test_the_recovery_of_copies_is_their_mean() -> None:
    value = torch.zeros(6, 2)
    params = torch.tensor([1.0, 0.0, -1.0, 0.0]).expand(6, 4)  # the first copy is right, the second turned round
    assert angles(2).recovery(params, value).item() == pytest.approx(0.5)


def test_copies_are_walked_and_set_as_one_is() -> None:
    assert torch.equal(angles(3).traversal_values(5, -1, 1), AngleModule().traversal_values(5, -1, 1))
    several = Categorical(classes=3, count=2).module(CONTEXT)
    assert several.cardinality == 3
    assert several.value(2).item() == 2
    with pytest.raises(ValueError, match="0 to 2"):
        several.value(3)


def test_a_category_survives_copying_as_a_whole_number() -> None:
    several = Categorical(classes=3, count=4).module(CONTEXT)
    value = several.sample(50)
    assert value.dtype == torch.int64
    assert sorted(set(value.flatten().tolist())) == [0, 1, 2]
    assert several.embed(value).sum(1).tolist() == [4.0] * 50


def test_copies_override_every_method_of_a_latent() -> None:
    attributes = vars(LatentModule)
    methods = {name for name, value in attributes.items() if inspect.isfunction(value) and not name.startswith("_")}
    assert {"sample", "estimate", "observe", "fit_prior"} <= methods
    assert methods - vars(Repeated).keys() == {"conditional"}  # a latent that depends on others has one copy


def test_copies_of_a_bernoulli_are_estimated_as_one_is() -> None:
    estimate = Bernoulli(count=2).module(CONTEXT).estimate(torch.zeros(3, 2))
    assert estimate.dtype == torch.int64
    assert estimate.tolist() == [[0, 0]] * 3


class Majority(Angle):
    """An angle whose prior is the most frequent label, and whose value on real images is their label."""

    type: Literal["majority"] = "majority"  # type: ignore[assignment]  # another name

    def observed_columns(self) -> tuple[str, ...]:
        return ("label",)

    def build(self, context: LatentContext) -> LatentModule:
        return MajorityModule()


class MajorityModule(AngleModule):
    most: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("most", torch.zeros(()))

    def fit_prior(self, columns: Columns) -> None:
        self.most.copy_(columns["label"].mode().values)

    def sample(self, n: int) -> Tensor:
        return self.most.expand(n)

    def observe(self, columns: Columns) -> Tensor:
        return columns["label"].float()


@pytest.mark.parametrize("count", [1, 3])
def test_a_prior_is_fitted_to_labels_and_values_are_observed_whatever_the_count(count: int) -> None:
    latent = Majority(count=count).module(CONTEXT)
    latent.fit_prior({"label": torch.tensor([2, 1, 2])})
    assert latent.sample(4).flatten().tolist() == [2.0] * 4 * count
    observed = latent.observe({"label": torch.tensor([0, 1])})
    assert observed is not None
    assert observed.shape == latent.sample(2).shape
    assert observed.flatten().tolist() == [0.0] * count + [1.0] * count
