"""A batch in parts gives the step of the whole batch."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch

from gan_run import Batch, Progress, SpecError, Trunk, read_spec
from gan_run.core.engine.training import Training, read_scalars
from gan_run.core.engine.update import Losses
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.adversarial.wasserstein import Wasserstein
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.losses.penalties.gradient_penalty import GradientPenalty
from gan_run.plugins.losses.penalties.r1_r2 import R1, R2
from gan_run.registry.plugins import Registry

Start = Callable[..., Training]
INFORMATION = MutualInformation(codes={"category": 1, "c": 0.5, "d": 1}, hidden=None)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("parts", [2, 3, 6])
@pytest.mark.parametrize(
    "losses",
    [(NonSaturating(), INFORMATION), (NonSaturating(), R1(every=2), R2()), (Wasserstein(), GradientPenalty())],
    ids=["infogan", "r1-r2", "wgan-gp"],
)
def test_parts_give_the_step_of_the_whole_batch(start: Start, losses: tuple[Any, ...], parts: int) -> None:
    whole = start({"batch_size": 6}, losses=losses)
    split = start({"batch_size": 6, "accumulate": parts}, losses=losses)
    for step in range(3):
        one, other = read_scalars(advance(whole, step)), read_scalars(advance(split, step))
        assert one == pytest.approx(other, abs=1e-6)
    for (name, expected), found in zip(whole.game.named_parameters(), split.game.parameters(), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6, msg=name)


def advance(training: Training, step: int) -> dict[str, Losses]:
    """One step in float64, with random numbers of its own."""
    training.game.double()
    batch = training.feed.batch(step)
    found = {}
    for player in training.players:
        torch.manual_seed(step)
        losses = player.update(Progress(step, 10), Batch(batch.images.double(), batch.columns))
        assert losses is not None
        found[player.name] = losses
    return found


def test_augmentations_that_adapt_see_the_logits_of_all_parts(start: Start) -> None:
    from gan_run import Discriminator
    from gan_run.plugins.networks.heads.linear import Linear
    from gan_run.plugins.networks.mlp.networks import MLPTrunk
    from gan_run.plugins.training.augmentations.ada import Ada

    trunk: Trunk = MLPTrunk(hidden=(10,))
    judge = Discriminator(trunk=trunk, head=Linear(), augment=(Ada(every=1, speed=100, target=-1.0, pipe=("blit",)),))
    training = start({"batch_size": 6, "accumulate": 3}, losses=[NonSaturating()], discriminator=judge)
    training.advance()
    # p rises by the number of images over `speed`.
    assert training.game.discriminator.augment.get_buffer("parts.0.p").item() == pytest.approx(6 / 100)


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ({"batch_size": 8, "accumulate": 3}, r"train\.accumulate: 8 images are not 3 parts of equal size"),
        ({"batch_size": 8, "accumulate": 2, "reuse_fakes": True}, r"train\.reuse_fakes: not with train\.accumulate"),
    ],
)
def test_what_cannot_be_split_is_refused(
    small: Callable[..., Mapping[str, Any]], registry: Registry, train: dict[str, object], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        read_spec(small(train={"steps": 2, **train}), registry=registry)


def test_half_precision_with_loss_scaling_trains_and_skips_a_step_that_overflows(start: Start) -> None:
    training = start({"precision": "fp16", "batch_size": 6}, losses=[NonSaturating(), INFORMATION])
    before = {name: value.detach().clone() for name, value in training.game.named_parameters()}
    for _ in range(3):
        assert all(torch.isfinite(torch.tensor(value)) for value in read_scalars(training.advance()).values())
    assert any(not torch.equal(value, before[name]) for name, value in training.game.named_parameters())
    player = training.players[0]
    kept = {name: value.detach().clone() for name, value in player.parameters.items()}
    scale = player.scaler.get_scale()
    player.scaler.load_state_dict({**player.scaler.state_dict(), "scale": 1e38})
    training.advance()
    assert all(torch.equal(value, kept[name]) for name, value in player.parameters.items())
    assert player.scaler.get_scale() == pytest.approx(5e37)
    assert scale == 65536
