"""A discriminator that judges changed images, shown with changes one can recognise."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from gan_run import (
    Augmentation,
    AugmentationModule,
    Augmentations,
    DataSource,
    Discriminator,
    ImageShape,
    UpdateContext,
)
from gan_run.core.engine.state import model_tensors, optimizer_tensors
from gan_run.core.engine.training import Training
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.core.run import checkpoint
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.networks.dcgan.networks import DCGANTrunk
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.networks.mlp.networks import MLPTrunk

Start = Callable[..., Training]


class Fainter(Augmentation):
    """Every image times `factor`; counts what it is told."""

    type: Literal["fainter"] = "fainter"
    factor: float = 0.5

    def build(self, image: ImageShape) -> "FainterModule":
        return FainterModule(self.factor)


class FainterModule(AugmentationModule):
    told: Tensor

    def __init__(self, factor: float) -> None:
        super().__init__()
        self._factor = factor
        self.register_buffer("told", torch.zeros(0))

    def forward(self, images: Tensor) -> Tensor:
        return images * self._factor

    def after_update(self, real_logits: Tensor) -> None:
        assert not real_logits.requires_grad
        self.told = torch.cat([self.told, real_logits.mean()[None]])


def judged(*augment: Augmentation) -> Discriminator:
    return Discriminator(trunk=MLPTrunk(hidden=(10,)), head=Linear(), augment=augment)


def turn_of(training: Training, side: int = 8) -> UpdateContext:
    game = training.game
    real, values = torch.rand(3, 1, side, side), game.latents.sample(3)
    return UpdateContext(game.stack, game.discriminator, UpdateInputs(real, {}, values, None, {}, ()))


def test_changes_are_made_in_order() -> None:
    class Plus(AugmentationModule):
        def forward(self, images: Tensor) -> Tensor:
            return images + 1

    both = Augmentations(FainterModule(2), Plus())
    assert len(both) == 2
    assert both(torch.tensor([3.0])).item() == 7
    assert both(torch.tensor([3.0])).item() == 7


def test_whatever_is_judged_is_changed_first(start: Start) -> None:
    training = start(discriminator=judged(Fainter(factor=0.5), Fainter(factor=0.2)))
    update = turn_of(training)
    trunk = training.game.discriminator.trunk
    for view in (update.real_output, update.fake_output, update.discriminate(update.real)):
        torch.testing.assert_close(view.features.vector, trunk(view.images * 0.1).vector)
        torch.testing.assert_close(view.unaugmented.features.vector, trunk(view.images).vector)
        assert view.unaugmented.condition is view.condition
    plain = update.discriminate(update.real).unaugmented
    torch.testing.assert_close(plain.features.vector, trunk(update.real).vector)


def test_without_changes_there_is_one_view_and_one_pass(start: Start) -> None:
    update = turn_of(start())
    assert update.fake_output.unaugmented is update.fake_output
    assert update.real_output.unaugmented is update.real_output


def test_a_slope_is_that_at_the_image_before_its_change(start: Start) -> None:
    training = start(discriminator=judged(Fainter(factor=0.5)))
    update = turn_of(training)
    update.real.requires_grad_()
    discriminator = training.game.discriminator
    images = (update.real.detach() * 0.5).requires_grad_()
    logits = discriminator.head(discriminator.trunk(images), {})
    (slope,) = torch.autograd.grad(logits.sum(), images)
    torch.testing.assert_close(update.real_output.gradients, slope * 0.5)


def test_changed_images_leave_running_statistics_alone_and_unchanged_ones_are_what_they_keep(
    start: Start, tiny: type[DataSource]
) -> None:
    judge = Discriminator(trunk=DCGANTrunk(width=0.05), head=Linear(), augment=(Fainter(factor=5.0),))
    training = start(discriminator=judge, data=tiny(side=16))
    update = turn_of(training, side=16)

    def statistics() -> list[Tensor]:
        named = training.game.discriminator.named_buffers()
        return [value.clone() for name, value in named if "running" in name]

    before = statistics()
    assert len(before) == 2
    assert update.real_output.logits.shape == (3,)
    assert all(map(torch.equal, before, statistics()))
    assert update.real_output.unaugmented.logits.shape == (3,)
    assert not any(map(torch.equal, before, statistics()))


def test_it_is_told_the_logits_of_real_images_after_each_of_the_discriminators_updates(start: Start) -> None:
    training = start(discriminator=judged(Fainter()), train={"updates": {"discriminator": 3, "generator": 2}})
    training.advance()
    told = training.game.discriminator.augment.parts[0].told
    assert isinstance(told, Tensor)
    assert told.shape == (3,)
    assert len(set(told.tolist())) == 3


def test_what_it_remembers_is_in_the_checkpoint(start: Start, tmp_path: Path) -> None:
    training = start(discriminator=judged(Fainter()), losses=[NonSaturating()])
    training.advance()
    tensors = model_tensors(training.game, training.ema)
    saved = checkpoint.save(tmp_path, training.step, tensors, optimizer_tensors(training.players))
    model, _ = checkpoint.load(saved)
    assert model["game.discriminator.augment.parts.0.told"].shape == (1,)
