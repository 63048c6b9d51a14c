"""Frequencies are learnt: a generator that can do nothing but choose how often it draws which of two pictures."""

from pathlib import Path
from typing import Literal

import numpy as np
import torch
from gan_run_elastic_infogan import LearntCategorical
from gan_run_elastic_infogan.prior import LearntCategoricalModule
from torch import Tensor, nn

from gan_run import Generator, ImageShape, LatentSpace, RunOptions, load, read_spec, train

PICTURES = torch.tensor([[[[1.0, -1.0], [1.0, -1.0]]], [[[-1.0, 1.0], [-1.0, 1.0]]]])


class Painter(Generator):
    """Draws either picture, and has nothing to learn."""

    type: Literal["painter"] = "painter"

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        return PainterModule()


class PainterModule(nn.Module):
    def forward(self, embedded: Tensor) -> Tensor:
        return torch.einsum("nk,kchw->nchw", embedded, PICTURES)


def test_a_class_that_is_rare_in_the_data_becomes_rare_in_the_samples(tmp_path: Path) -> None:
    images = ((PICTURES[[0, 0, 0, 0, 1] * 40, 0] + 1) * 127.5).to(torch.uint8).numpy()
    np.savez(tmp_path / "pictures.npz", images=images)
    spec = {
        "name": "painter",
        "data": {"type": "array", "path": str(tmp_path / "pictures.npz")},
        "latents": {"category": {"type": "learnt-categorical", "classes": 2}},
        "generator": {"type": "painter"},
        "discriminator": {"trunk": {"type": "mlp", "hidden": [8]}, "head": {"type": "linear"}},
        "losses": [{"type": "non-saturating"}, {"type": "r1", "weight": 0.5}],
        "optimizers": {player: {"type": "adam", "lr": 0.01} for player in ("generator", "discriminator")},
        "train": {"steps": 600, "device": "cpu", "ema": 0.99},
    }
    run = train(spec, tmp_path, options=RunOptions(components=[Painter]))
    model = load(run, components=[Painter])
    latent = model.latents["category"]
    assert isinstance(latent, LearntCategoricalModule)
    assert abs(latent.frequencies[0] - 0.8) < 0.1
    rare = (model.sample(2000, seed=0)[:, 0, 0, 0] < 0).float().mean()
    assert abs(rare - 0.2) < 0.1
    assert isinstance(read_spec(spec, components=[Painter]).latents["category"], LearntCategorical)
