import math

import pytest
import torch
from torch import nn

from gan_run.testing.game import begin

TRUNK = {"type": "style", "width": 0.02}
GENERATOR = {**TRUNK, "style_width": 6}


def test_the_average_of_the_weights_has_the_trained_generators_mean_style_and_noise() -> None:
    fields = {
        "generator": GENERATOR,
        "train": {"steps": 4, "batch_size": 6, "device": "cpu", "ema": 0.9},
    }
    training = begin(fields=fields)
    for _ in range(2):
        training.advance()
    assert training.ema is not None
    average, trained = training.ema.stack.generator, training.game.stack.generator
    for buffer in ("mean_style", "synthesis.first.noise.fixed"):
        assert torch.equal(average.get_buffer(buffer), trained.get_buffer(buffer))
    assert trained.get_buffer("mean_style").any()
    model = training.model()
    torch.manual_seed(0)
    wide, narrow = (model.sample(64, options={"truncation": share}, seed=0) for share in (1.0, 0.3))
    assert narrow.std(dim=0).mean() < wide.std(dim=0).mean()


def test_it_is_judged_with_r1_and_spectral_norm_at_once() -> None:
    fields = {
        "discriminator": {"trunk": TRUNK, "head": {"type": "linear"}, "spectral_norm": True},
        "losses": [{"type": "non-saturating"}, {"type": "r1"}, {"type": "gradient-penalty"}],
    }
    training = begin(fields=fields)
    for _ in range(2):
        training.advance()
    normed = [
        layer.weight
        for layer in training.game.discriminator.eval().modules()
        if isinstance(layer, (nn.Linear, nn.Conv2d))
    ]
    assert len(normed) == 1 + 2 * 3 + 3
    for weight in normed:
        assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1, rel=0.3)


def test_the_losses_are_finite_in_parts_of_a_batch_that_are_no_whole_groups() -> None:
    fields = {
        "generator": GENERATOR,
        "discriminator": {"trunk": TRUNK, "head": {"type": "linear"}},
        "train": {"steps": 4, "batch_size": 6, "accumulate": 2, "device": "cpu", "ema": None},
    }
    training = begin(fields=fields)
    losses = training.advance()
    assert all(math.isfinite(float(value)) for player in losses.values() for value in player.terms.values())
