"""What a step shows beyond its losses: gradient norms, and how flat D's loss is."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from gan_run import read_spec
from gan_run.core.engine.diagnostics import diagnose
from gan_run.core.engine.training import Training
from gan_run.core.engine.update import Losses, Scores
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]


def training_of(content: dict[str, Any], registry: Registry) -> Training:
    spec = read_spec(content, registry=registry)
    return Training(spec, spec.data.describe(), spec.data.open("train"))


def slope(small: Small, registry: Registry, losses: list[dict[str, object]], real: float, fake: float) -> float | None:
    """The slope of D's loss where its logits on real images are `real`, on generated ones `fake`."""
    with training_of(small(losses=losses), registry) as training:
        training.advance()
        scores = Scores(torch.full((8,), real), torch.full((8,), fake))
        return diagnose(training, {"discriminator": Losses({}, {}, None, scores=scores)}).discriminator_slope


def sigmoid(number: float) -> float:
    return float(torch.tensor(number, dtype=torch.float64).sigmoid())


@pytest.mark.parametrize(
    ("loss", "real", "fake", "expected"),
    [
        ("non-saturating", 0.0, 0.0, 1.0),
        ("non-saturating", 4.0, -2.0, sigmoid(-4.0) + sigmoid(-2.0)),  # where both logits are 1 the sum is 1
        ("minimax", 9.0, -9.0, 2 * sigmoid(-9.0)),
        ("hinge", 3.0, -2.0, 0.0),
        ("hinge", 0.5, 0.5, 1.0),
        ("least-squares", 0.9, 0.1, 0.2),  # |0.9 - 1| + |0.1|, of |0.5 - 1| + |0.5|
        ("relativistic", 3.0, 1.0, 2 * sigmoid(-2.0)),
        ("relativistic-average", 30.0, -30.0, 0.0),
        ("wasserstein", 500.0, -500.0, 1.0),
    ],
)
def test_the_slope_of_ds_loss_by_hand(
    small: Small, registry: Registry, loss: str, real: float, fake: float, expected: float
) -> None:
    found = slope(small, registry, [{"type": loss, "weight": 3.0}], real, fake)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-7)


def test_losses_that_need_more_than_logits_do_not_count(small: Small, registry: Registry) -> None:
    information = {"type": "mutual-information", "codes": {"category": 1.0}}
    others: list[dict[str, object]] = [information, {"type": "r1", "weight": 10.0}, {"type": "gradient-penalty"}]
    alone = slope(small, registry, [{"type": "hinge"}], 0.5, -2.0)
    assert slope(small, registry, [{"type": "hinge"}, *others], 0.5, -2.0) == alone == pytest.approx(0.5)


def test_without_a_loss_of_logits_there_is_no_slope(small: Small, registry: Registry) -> None:
    assert slope(small, registry, [{"type": "mutual-information", "codes": {"category": 1.0}}], 1.0, 0.0) is None


def test_the_slope_is_that_of_the_logits_of_the_step(small: Small, registry: Registry) -> None:
    with training_of(small(losses=[{"type": "hinge"}]), registry) as training:
        losses = training.advance()
        scores = losses["discriminator"].scores
        assert scores is not None
        assert scores.real.shape == scores.fake.shape == (8,)
        objective = torch.relu(1 - scores.real).mean() + torch.relu(1 + scores.fake).mean()
        assert losses["discriminator"].terms["hinge"] == objective
        assert losses["generator"].scores is None


@pytest.mark.parametrize("clip", [None, 1e-3])
def test_the_gradient_norms_are_those_before_clipping(small: Small, registry: Registry, clip: float | None) -> None:
    norms = []
    for bound in (None, clip):
        with training_of(small(train={"clip": bound}), registry) as training:
            found = diagnose(training, training.advance()).gradient_norms
            if bound is None:
                for player in training.players:
                    squares = sum(
                        float(p.grad.square().sum()) for p in player.parameters.values() if p.grad is not None
                    )
                    assert found[player.name] == pytest.approx(squares**0.5, rel=1e-5)
            norms.append(found["discriminator"])
    assert norms[1] == pytest.approx(norms[0], rel=1e-5)
    assert norms[0] > 1e-3


def test_the_model_generates_with_the_average_and_batch_statistics(small: Small, registry: Registry) -> None:
    deep = {"type": "dcgan", "width": 0.03}
    content = small(data={"type": "toys", "side": 16}, generator=deep)
    with training_of(content, registry) as training:
        model = diagnose(training, training.advance()).model
        assert training.ema is not None
        values = model.sample_latents(8)
        expected = training.ema.stack.train()(values)
        assert torch.allclose(model.generate(values), expected, atol=1e-6)
