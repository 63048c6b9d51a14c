"""The loop written by hand that gan-run is timed beside does what examples/infogan-mnist.json says."""

import runpy
from importlib.metadata import distribution
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_run import DataInfo, ImageShape, read_spec
from gan_run.core.engine.game import Game, build_game
from gan_run.core.engine.update import Losses, Update
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.registry.plugins import load_plugins

ROOT = Path(__file__).parent.parent
PLAIN = SimpleNamespace(**runpy.run_path(str(ROOT / "benchmarks" / "plain_infogan.py")))


@pytest.fixture(scope="module")
def game() -> Game:
    registry = load_plugins(found=distribution("gan-run").entry_points.select(group="gan_run"))
    spec = read_spec(ROOT / "examples" / "infogan-mnist.json", registry=registry)
    torch.manual_seed(0)
    return build_game(spec, DataInfo(ImageShape(1, 28, 28), {"train": 8})).double()


def take_over(theirs: list[nn.Parameter], ours: nn.Module) -> None:
    own = list(ours.parameters())
    assert [parameter.shape for parameter in own] == [parameter.shape for parameter in theirs]
    with torch.no_grad():
        for parameter, other in zip(own, theirs, strict=True):
            parameter.copy_(other)


def test_its_losses_are_those_of_the_spec(game: Game) -> None:
    g, d = PLAIN.generator().double(), PLAIN.Discriminator().double()
    take_over(list(game.stack.parameters()), g)
    take_over([*game.discriminator.parameters(), *game.term("mutual-information").parameters()], d)
    latents, category, continuous = (
        drawn.double() if drawn.is_floating_point() else drawn for drawn in PLAIN.draw(8, "cpu")
    )
    real = torch.rand(8, 1, 28, 28, dtype=torch.float64) * 2 - 1
    values = {"z": latents[:, :62], "category": category, "c1": continuous[:, 0], "c2": continuous[:, 1]}

    def ours(player: str, fake: Tensor | None) -> dict[str, Tensor]:
        losses: Losses = Update(game, player)(
            UpdateInputs(real, {}, values, fake, {}, ("non-saturating", "mutual-information"))
        )
        return losses.terms

    fake = g(latents) * 2 - 1
    fake_logits, logits, means = d(fake)
    ones, zeros = torch.ones(8).double(), torch.zeros(8).double()
    real_loss = F.binary_cross_entropy_with_logits(d.judge(real).double(), ones)
    d_loss = real_loss + F.binary_cross_entropy_with_logits(fake_logits.double(), zeros)
    g_loss = F.binary_cross_entropy_with_logits(fake_logits.double(), ones)
    information = PLAIN.minus_information(logits, means, category, continuous)

    for theirs, player, image in ((d_loss, "discriminator", fake.detach()), (g_loss, "generator", None)):
        terms = ours(player, image)
        torch.testing.assert_close(terms["non-saturating"], theirs, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(terms["mutual-information"].double(), information.double(), rtol=1e-5, atol=1e-6)
