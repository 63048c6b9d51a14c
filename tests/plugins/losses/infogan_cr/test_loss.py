import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_run import Progress, SpecError, read_spec
from gan_run.core.engine.training import Training
from gan_run.core.kinds.update_context import UpdateContext, UpdateInputs
from gan_run.plugins.losses.infogan_cr.loss import InfoGANCRTerm
from gan_run.registry.plugins import Registry

Begin = Callable[..., Training]
CODES = ["c", "d"]
ADAM = {"type": "adam", "lr": 1e-2}


@pytest.fixture
def begin(small: Callable[..., Mapping[str, Any]], registry: Registry) -> Begin:
    """Three codes: c and both copies of d."""

    def start(
        codes: list[str] = CODES, players: tuple[str, ...] = ("pair-discriminator",), **train: object
    ) -> Training:
        latents = {"z": {"type": "gaussian"}, "c": {"type": "uniform"}, "d": {"type": "uniform", "count": 2}}
        losses = [
            {"type": "hinge"},
            {"type": "mutual-information", "codes": {"c": 1.0, "d": 1.0}},
            {"type": "infogan-cr", "codes": codes, "trunk": {"type": "mlp", "hidden": [16]}},
        ]
        optimizers = dict.fromkeys(("generator", "discriminator", *players), ADAM)
        spec = read_spec(small(train, latents=latents, losses=losses, optimizers=optimizers), registry=registry)
        return Training(spec, spec.data.describe(), spec.data.open("train"))

    return start


def seat(training: Training, n: int = 4) -> tuple[InfoGANCRTerm, UpdateContext]:
    game = training.game
    term = game.term("infogan-cr")
    assert isinstance(term, InfoGANCRTerm)
    inputs = UpdateInputs(torch.rand(n, 1, 8, 8), {}, game.latents.sample(n), None, {}, ())
    return term, UpdateContext(game.stack, game.discriminator, inputs)


def test_a_pair_shares_one_code_and_nothing_else(begin: Begin) -> None:
    term, update = seat(begin())
    one, other, shared = term.sample_pairs(update, 3000)
    same = torch.stack(
        [one["c"] == other["c"], one["d"][:, 0] == other["d"][:, 0], one["d"][:, 1] == other["d"][:, 1]], dim=1
    )
    assert torch.equal(same, torch.eye(3, dtype=torch.bool)[shared])
    assert not (one["z"] == other["z"]).any()
    assert torch.bincount(shared).min() > 900


def test_who_cannot_tell_loses_the_logarithm_of_the_number_of_codes(begin: Begin) -> None:
    term, update = seat(begin())
    nn.init.zeros_(term.pairs.layer.weight)
    for player in ("pair-discriminator", "generator"):
        with update.for_term("infogan-cr"):
            assert term.objective(player, update).item() == pytest.approx(math.log(3), abs=1e-6)


def test_the_pair_is_seen_as_the_channels_of_one_image(begin: Begin) -> None:
    pairs = seat(begin())[0].pairs
    one, other = torch.rand(2, 5, 1, 8, 8)
    seen: list[Tensor] = []
    pairs.trunk.register_forward_pre_hook(lambda _, images: seen.append(*images))
    expected = pairs.layer(pairs.trunk(torch.cat([one, other], dim=1)).vector)
    torch.testing.assert_close(pairs(one, other), expected)
    assert [images.shape for images in seen] == [(5, 2, 8, 8)] * 2


def moved(training: Training, act: Callable[[], object]) -> set[str]:
    before = {name: value.detach().clone() for name, value in training.game.named_parameters()}
    act()
    return {name for name, value in training.game.named_parameters() if not value.equal(before[name])}


def test_its_network_is_a_player_of_its_own_that_moves_first_and_moves_nobody_else(begin: Begin) -> None:
    training = begin(updates={"generator": 2})
    assert [player.name for player in training.players] == ["pair-discriminator", "discriminator", "generator"]
    first = training.players[0]
    names = moved(training, lambda: first.update(Progress(0, 4), training.feed.batch(0)))
    assert names == set(first.parameters)
    assert all(name.startswith("terms.infogan-cr.pairs") for name in names)


def test_the_generator_learns_from_it(begin: Begin) -> None:
    training = begin()
    term, update = seat(training)
    with update.for_term("infogan-cr"):
        value = term.objective("generator", update)
    gradients = torch.autograd.grad(value, list(training.game.stack.parameters()))
    assert all(gradient.any() for gradient in gradients)


def test_both_together_learn_to_make_codes_that_can_be_told_apart(begin: Begin) -> None:
    training = begin()
    accuracy: list[Tensor] = []
    for _ in range(400):
        accuracy.append(training.advance()["generator"].reports["infogan-cr"]["accuracy"])
    assert torch.stack(accuracy[-50:]).mean() > 0.6  # a third by chance


def test_what_cannot_be_told_apart_is_refused(begin: Begin) -> None:
    with pytest.raises(SpecError, match=r"losses\[2\]\.codes: at least two codes are needed"):
        begin(codes=["c"])
    with pytest.raises(SpecError, match=r"losses\[2\]\.codes\[1\]: no latent is called 'e'"):
        begin(codes=["d", "e"])


def test_two_copies_of_one_latent_are_enough(begin: Begin) -> None:
    assert seat(begin(codes=["d"]))[0].has_objective_for("pair-discriminator")


def test_the_player_needs_an_optimiser(begin: Begin) -> None:
    expected = r"optimizers: the player 'pair-discriminator' of the loss 'infogan-cr' has none"
    with pytest.raises(SpecError, match=expected):
        begin(players=())
