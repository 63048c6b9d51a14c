"""The step reaches terms, modules, augmentations and optimizers."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import pytest
import torch
from torch import Tensor, nn

from gan_run import (
    Augmentation,
    AugmentationModule,
    Discriminator,
    FollowsProgress,
    Generator,
    ImageShape,
    LatentSpace,
    Loss,
    LossContext,
    LossTerm,
    Progress,
    RateMultiplier,
    Scheduled,
    UpdateContext,
    read_spec,
)
from gan_run.core.engine.training import Training, read_scalars
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.networks.mlp.networks import MLPTrunk
from gan_run.plugins.training.optimizers.adam import Adam
from gan_run.plugins.training.schedules.schedules import LinearSchedule
from gan_run.registry.plugins import Registry

Start = Callable[..., Training]
Small = Callable[..., Mapping[str, Any]]
HALF = LinearSchedule(start=0.0, end=1.0)


class Margin(Loss):
    """Reports the values of a scheduled and of a constant field, and the step."""

    type: Literal["margin"] = "margin"
    margin: Scheduled = 0.0
    scale: Scheduled = 2.0

    def build(self, context: LossContext) -> LossTerm:
        return MarginTerm(self)


class MarginTerm(LossTerm):
    def __init__(self, declared: Margin) -> None:
        super().__init__()
        self._declared = declared

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        margin, scale = update.value(self._declared.margin), update.value(self._declared.scale)
        logits = update.real_output.logits
        update.report("margin", logits.new_zeros(()) + margin)
        update.report("scale", logits.new_zeros(()) + scale)
        return (logits * margin * scale).mean()


class Stepping(Margin):
    type: Literal["stepping"] = "stepping"  # type: ignore[assignment]  # another name

    def build(self, context: LossContext) -> LossTerm:
        return SteppingTerm(self)


class SteppingTerm(MarginTerm):
    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        logits = update.real_output.logits
        update.report("step", logits.new_full((), update.step / update.steps))
        return logits.mean() * 0


def test_a_term_has_the_value_of_its_scheduled_fields_at_each_step(start: Start) -> None:
    weight = LinearSchedule(start=3.0, end=1.0)
    training = start(losses=[NonSaturating(), Margin(margin=HALF, weight=weight), Stepping()])
    steps = training.spec.train.steps
    assert len(training.game.schedules) == 1  # the weight's is the player's
    for step in range(3):
        found = read_scalars(training.advance())
        assert found["discriminator/margin/margin"] == pytest.approx(step / steps)
        assert found["discriminator/margin/scale"] == 2.0
        assert found["discriminator/stepping/step"] == pytest.approx(step / steps)


def test_a_compiled_term_follows_its_schedule_without_being_compiled_again(start: Start) -> None:
    torch._dynamo.reset()
    training = start(losses=[NonSaturating(), Margin(margin=HALF)], train={"compile": True})
    steps = training.spec.train.steps
    for step in range(5):
        if step == 3:
            torch._dynamo.utils.counters.clear()
        found = read_scalars(training.advance())
        assert found["discriminator/margin/margin"] == pytest.approx(step / steps)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 0


class Fading(Generator):
    """Its images fade in."""

    type: Literal["fading"] = "fading"

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        return FadingModule(latents.width, image)


class FadingModule(nn.Module, FollowsProgress):
    share: Tensor

    def __init__(self, width: int, image: ImageShape) -> None:
        super().__init__()
        self.mapping = SlowLayer(width, image[0] * image[1] * image[2])
        self.scale = nn.Parameter(torch.ones(()))
        self.shape = image
        self.register_buffer("share", torch.zeros(()))

    def before_step(self, progress: Progress) -> None:
        self.share.fill_(progress.value(HALF))

    def forward(self, embedded: Tensor) -> Tensor:
        return (self.scale * self.share * self.mapping(embedded)).tanh().view(-1, *self.shape)


class SlowLayer(nn.Linear, RateMultiplier):
    rate_multiplier = 0.01


class Noisy(Augmentation):
    type: Literal["noisy"] = "noisy"
    probability: Scheduled = 1.0

    def build(self, image: ImageShape) -> AugmentationModule:
        return NoisyModule(self)


class NoisyModule(AugmentationModule, FollowsProgress):
    p: Tensor

    def __init__(self, declared: Noisy) -> None:
        super().__init__()
        self._declared = declared
        self.register_buffer("p", torch.zeros(()))

    def before_step(self, progress: Progress) -> None:
        self.p.fill_(progress.value(self._declared.probability))

    def forward(self, images: Tensor) -> Tensor:
        return images * (1 - self.p)


def test_networks_and_augmentations_follow_the_step_and_so_does_the_average(start: Start) -> None:
    judge = Discriminator(trunk=MLPTrunk(hidden=(10,)), head=Linear(), augment=(Noisy(probability=HALF),))
    training = start({"ema": 0.9}, generator=Fading(), losses=[NonSaturating()], discriminator=judge)
    steps = training.spec.train.steps
    generator = training.game.stack.generator
    for step in range(3):
        training.advance()
        assert isinstance(generator, FadingModule)
        assert generator.share.item() == pytest.approx(step / steps)
        assert training.game.discriminator.augment.get_buffer("parts.0.p").item() == pytest.approx(step / steps)
        assert training.ema is not None
        assert training.ema.stack.get_buffer("generator.share").item() == pytest.approx(step / steps)


def test_a_part_of_a_network_has_a_learning_rate_of_its_own(start: Start) -> None:
    training = start(generator=Fading(), losses=[NonSaturating()])
    player = next(player for player in training.players if player.name == "generator")
    training.advance()
    rates = {name: group["lr"] for group in player.optimizer.param_groups for name in group["param_names"]}
    lr = training.spec.optimizers["generator"].lr
    assert rates == {
        "stack.generator.mapping.weight": pytest.approx(lr * 0.01),
        "stack.generator.mapping.bias": pytest.approx(lr * 0.01),
        "stack.generator.scale": pytest.approx(lr),
    }


def test_betas_take_schedules(start: Start) -> None:
    adam = Adam(lr=0.1, betas=(0.0, LinearSchedule(start=0.9, end=0.99)))
    training = start(losses=[NonSaturating()], optimizers={"generator": adam, "discriminator": adam})
    steps = training.spec.train.steps
    for step in range(3):
        training.advance()
        for player in training.players:
            assert player.optimizer.param_groups[0]["betas"] == (0.0, pytest.approx(0.9 + 0.09 * step / steps))


def test_a_beta_that_is_no_decay_is_refused(small: Small, registry: Registry) -> None:
    adam = {"type": "adam", "lr": 0.1, "betas": [0.5, 1.0]}
    with pytest.raises(ValueError, match=r"optimizers\.generator\.betas\[1\]: .*1 is no decay"):
        read_spec(small(optimizers={"generator": adam, "discriminator": adam}), registry=registry)
