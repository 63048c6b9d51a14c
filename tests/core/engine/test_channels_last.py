"""`train.channels_last`: another layout of the same numbers, which a resumed run has too."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from gan_run import Discriminator
from gan_run.core.engine.training import Training, read_scalars
from gan_run.core.nn.layers import to_channels_last
from gan_run.core.run.loop import restore, save
from gan_run.core.run.run_folder import RunFolder
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.networks.sn_resnet.generator import SNResNetGenerator
from gan_run.plugins.networks.sn_resnet.trunk import SNResNetTrunk

Start = Callable[..., Training]
NETWORKS = {
    "generator": SNResNetGenerator(width=0.03),
    "discriminator": Discriminator(trunk=SNResNetTrunk(width=0.03), head=Linear(), spectral_norm=True),
}


def convolutions(training: Training) -> list[torch.Tensor]:
    return [each for each in training.game.parameters() if each.dim() == 4 and each.shape[1] > 1 and each.shape[2] > 1]


def test_weights_of_convolutions_lie_channels_last_and_losses_are_the_same(start: Start) -> None:
    first, last = (start({"channels_last": value}, **NETWORKS) for value in (False, True))
    assert len(convolutions(last)) > 4
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in convolutions(last))
    assert all(weight.is_contiguous() for weight in convolutions(first))
    for _ in range(3):
        found, wanted = (read_scalars(training.advance()) for training in (last, first))
        assert found == pytest.approx(wanted, rel=1e-4, abs=1e-5)


def test_weights_of_three_dimensional_convolutions_lie_channels_last_too() -> None:
    flat, solid = nn.Conv2d(2, 2, 2), nn.Conv3d(2, 2, 2)
    to_channels_last(nn.ModuleList([flat, solid]))
    assert flat.weight.is_contiguous(memory_format=torch.channels_last)
    assert solid.weight.is_contiguous(memory_format=torch.channels_last_3d)
    assert not solid.weight.is_contiguous()


def test_a_resumed_run_ends_with_the_same_bytes(start: Start, tmp_path: Path) -> None:
    whole, resumed = (start({"channels_last": True}, **NETWORKS) for _ in range(2))
    for _ in range(2):
        whole.advance()
    restore(resumed, save(whole, RunFolder(tmp_path)))
    for _ in range(2):
        whole.advance()
        resumed.advance()
    pairs = zip(whole.game.parameters(), resumed.game.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
