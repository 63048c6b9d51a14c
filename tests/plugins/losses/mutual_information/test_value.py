"""The value of the term: worked by hand, and by torch.distributions."""

import math

import pytest
import torch
from torch import Tensor, distributions, nn

from gan_run import (
    DiscriminatorOutput,
    Latent,
    log_prob,
)
from gan_run.core.engine.update import Losses, Update
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from small_information import ALONE_AND_MIXED, HALF_LN_2PI, KEY, ask, begin, fix_q, spec_of


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_the_value_worked_by_hand(player: str) -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    game = begin(spec_of(codes, MutualInformation(codes={"k": 1, "c": 0.5}))).game
    # Q says: category 0, 1, 2 with 1/8, 2/8, 5/8; the uniform code's mean is 0.5, its variance one.
    fix_q(game, [0.0, math.log(2), math.log(5), 0.5])
    values = {"z": torch.zeros(2, 2), "k": torch.tensor([2, 1]), "c": torch.tensor([0.1, 1.0])}
    asked = ask(game, player, torch.rand(2, 1, 4, 4), values)
    of_category = (math.log(5 / 8) + math.log(2 / 8)) / 2 + math.log(3)
    of_uniform = (-0.5 * 0.4**2 - 0.5 * 0.5**2) / 2 - HALF_LN_2PI + math.log(2)
    assert asked.objective.item() == pytest.approx(-(of_category + 0.5 * of_uniform), abs=1e-6)
    assert asked.reports["k"].item() == pytest.approx(-of_category, abs=1e-6)
    assert asked.reports["c"].item() == pytest.approx(-of_uniform, abs=1e-6)


@pytest.mark.usefixtures("float64")
def test_a_learnt_deviation_and_copies_worked_by_hand() -> None:
    codes: dict[str, Latent] = {"c": Gaussian(learn_std=True, min_std=1.0), "k": Categorical(classes=2, count=2)}
    game = begin(spec_of(codes, MutualInformation(codes={"c": 1, "k": 1}))).game
    # The deviation is 1 + softplus(ln(e - 1)) = 2. The copies: 3/4 on category 1; then 1/2 each.
    fix_q(game, [1.0, math.log(math.e - 1), 0.0, math.log(3), 7.0, 7.0])
    values = {"z": torch.zeros(1, 2), "c": torch.tensor([2.0]), "k": torch.tensor([[1, 0]])}
    asked = ask(game, "discriminator", torch.rand(1, 1, 4, 4), values)
    of_gaussian = -0.5 * (1 / 2) ** 2 - math.log(2) - HALF_LN_2PI + 0.5 * math.log(2 * math.pi * math.e)
    of_copies = math.log(3 / 4) + math.log(1 / 2) + 2 * math.log(2)
    assert asked.reports["c"].item() == pytest.approx(-of_gaussian, abs=1e-6)
    assert asked.reports["k"].item() == pytest.approx(-of_copies, abs=1e-6)
    assert asked.objective.item() == pytest.approx(-of_gaussian - of_copies, abs=1e-6)


def bound_by_torch(latent: Latent, params: Tensor, value: Tensor) -> Tensor:
    """E[log Q] + H, by torch.distributions alone."""
    posterior: distributions.Distribution
    prior: distributions.Distribution
    per_copy = params.view(*value.shape, -1)
    if isinstance(latent, Categorical):
        posterior = distributions.Categorical(logits=per_copy)
        prior = distributions.Categorical(logits=torch.zeros(latent.classes))
    else:
        assert isinstance(latent, (Uniform, Gaussian))
        spread = latent.min_std + torch.log1p(per_copy[..., 1].exp()) if latent.learn_std else torch.ones(())
        posterior = distributions.Normal(per_copy[..., 0], spread)
        prior = (
            distributions.Uniform(latent.low, latent.high)
            if isinstance(latent, Uniform)
            else distributions.Normal(0.0, 1.0)
        )
    likelihood = log_prob(posterior, value) + prior.entropy()  # type: ignore[no-untyped-call]  # torch's is untyped
    assert isinstance(likelihood, Tensor)
    return likelihood.flatten(1).sum(1).mean() if value.dim() > 1 else likelihood.mean()


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("n", [1, 6])
@ALONE_AND_MIXED
def test_the_value_is_that_of_torch_distributions(codes: dict[str, Latent], n: int) -> None:
    weights = {name: 0.3 + 0.5 * place for place, name in enumerate(codes)}
    game = begin(spec_of(codes, MutualInformation(codes=weights))).game
    encoder = game.term(KEY).encoder()
    assert encoder is not None
    for parameter in encoder.parameters():
        nn.init.normal_(parameter)
    fake, values = torch.rand(n, 1, 4, 4), game.latents.sample(n)
    inputs = UpdateInputs(fake, {}, values, fake, {}, (KEY,))
    losses: Losses = Update(game.eval(), "discriminator")(inputs)
    # Q's columns are the codes' posteriors side by side, in the order in which they are named.
    columns = torch.cat(list(encoder(DiscriminatorOutput(game.discriminator, fake, {})).values()), dim=1)
    expected, start = torch.zeros(()), 0
    for name, latent in codes.items():
        width = game.latents[name].posterior_width
        bound = bound_by_torch(latent, columns[:, start : start + width], values[name])
        start += width
        assert losses.reports[KEY][name].item() == pytest.approx(-bound.item(), abs=1e-6)
        expected = expected - bound * weights[name]
    assert start == columns.shape[1]
    assert losses.terms[KEY].item() == pytest.approx(expected.item(), abs=1e-6)


def test_a_perfect_q_reaches_the_entropy_and_no_more() -> None:
    # With a softmax before the cross-entropy, ln 3 could not be reached: the best probability would be e / (e + 2).
    game = begin(spec_of({"k": Categorical(classes=3)}, MutualInformation(codes={"k": 1}))).game
    fix_q(game, [0.0, 500.0, 0.0])
    values = {"z": torch.zeros(4, 2), "k": torch.ones(4, dtype=torch.int64)}
    assert ask(game, "discriminator", torch.rand(4, 1, 4, 4), values).objective.item() == pytest.approx(-math.log(3))


def test_a_q_that_knows_nothing_has_a_bound_of_nought() -> None:
    # With the wrong sign on H(c) it would be -2 ln 3.
    game = begin(spec_of({"k": Categorical(classes=3)}, MutualInformation(codes={"k": 1}))).game
    fix_q(game, [4.0, 4.0, 4.0])
    values = {"z": torch.zeros(4, 2), "k": torch.tensor([0, 1, 2, 0])}
    objective = ask(game, "discriminator", torch.rand(4, 1, 4, 4), values).objective
    assert objective.item() == pytest.approx(0.0, abs=1e-6)


def test_a_constant_on_a_categorys_logits_changes_nothing_and_a_factor_does() -> None:
    game = begin(spec_of({"k": Categorical(classes=3)}, MutualInformation(codes={"k": 1}))).game
    values = {"z": torch.zeros(2, 2), "k": torch.tensor([0, 1])}
    found = []
    for numbers in ([0.2, 1.0, -0.4], [3.2, 4.0, 2.6], [2.0, 10.0, -4.0]):
        fix_q(game, numbers)
        found.append(ask(game, "discriminator", torch.rand(2, 1, 4, 4), values).objective.item())
    assert found[1] == pytest.approx(found[0], abs=1e-5)
    assert abs(found[2] - found[0]) > 1


def test_each_codes_weight_is_its_own_and_reports_have_none() -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    fake = torch.rand(4, 1, 4, 4)
    values = {"z": torch.zeros(4, 2), "k": torch.tensor([0, 1, 2, 0]), "c": torch.linspace(-1, 1, 4)}
    reports = []
    for weight_k, weight_c in ((1.0, 1.0), (2.0, 0.1)):
        game = begin(spec_of(codes, MutualInformation(codes={"k": weight_k, "c": weight_c}))).game
        asked = ask(game, "generator", fake, values)
        expected = weight_k * asked.reports["k"] + weight_c * asked.reports["c"]
        assert asked.objective.item() == pytest.approx(expected.item(), abs=1e-6)
        reports.append({name: value.item() for name, value in asked.reports.items()})
    assert reports[0] == reports[1]
    assert set(reports[0]) == {"k", "c"}


def test_latents_that_are_not_named_are_noise() -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    game = begin(spec_of(codes, MutualInformation(codes={"c": 1}))).game
    encoder = game.term(KEY).encoder()
    assert encoder is not None
    assert encoder.codes == ("c",)
    values = game.latents.sample(4)
    fake = torch.rand(4, 1, 4, 4)
    before = ask(game, "discriminator", fake, values).objective
    other = ask(game, "discriminator", fake, {**values, "k": (values["k"] + 1) % 3}).objective
    assert torch.equal(before, other)
