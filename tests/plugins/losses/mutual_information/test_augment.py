"""Augmentations of the images that Q reads."""

from collections.abc import Callable
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from gan_run import (
    Augmentation,
    AugmentationModule,
    DiscriminatorOutput,
    ImageShape,
    Latent,
)
from gan_run.core.engine.update import Update
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.networks.infogan_networks.mnist import InfoGANMnistTrunk
from gan_run.plugins.training.augmentations.affine import Affine
from small_information import KEY, Tiny, ask, begin, spec_of


class Inverted(Augmentation):
    """Dark for light."""

    type: Literal["inverted"] = "inverted"

    def build(self, image: ImageShape) -> AugmentationModule:
        return Applied(torch.neg)


class Halved(Augmentation):
    """Paler by half, and a bit lighter, so that the order of changes can be told."""

    type: Literal["halved"] = "halved"

    def build(self, image: ImageShape) -> AugmentationModule:
        return Applied(lambda images: images / 2 + 0.25)


class Applied(AugmentationModule):
    def __init__(self, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self._change = change

    def forward(self, images: Tensor) -> Tensor:
        return self._change(images)


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_q_reads_the_images_as_the_changes_leave_them_one_after_the_other(player: str) -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    plain, changed = (
        begin(spec_of(codes, MutualInformation(codes={"k": 1, "c": 1}, augment=augment))).game
        for augment in ([], [Inverted(), Halved()])
    )
    changed.load_state_dict(plain.state_dict())
    fake, values = torch.rand(4, 1, 4, 4), plain.latents.sample(4)
    asked = ask(changed, player, fake, values)
    assert asked.objective.item() == pytest.approx(ask(plain, player, -fake / 2 + 0.25, values).objective.item())
    assert asked.objective.item() != pytest.approx(ask(plain, player, fake, values).objective.item())


def test_the_adversarial_loss_and_the_encoder_see_the_images_unchanged() -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3)}
    losses = (NonSaturating(), MutualInformation(codes={"k": 1}, augment=[Inverted()]))
    game = begin(spec_of(codes, *losses)).game.eval()
    fake, values = torch.rand(4, 1, 4, 4), game.latents.sample(4)
    inputs = UpdateInputs(torch.rand(4, 1, 4, 4), {}, values, fake, {}, ("non-saturating", KEY))
    logits = DiscriminatorOutput(game.discriminator, fake, {}).logits
    found = Update(game, "generator")(inputs).terms["non-saturating"]
    assert found.item() == pytest.approx(nn.functional.softplus(-logits).mean().item())
    encoder = game.term(KEY).encoder()
    assert encoder is not None
    assert isinstance(encoder.layers, nn.Sequential)
    expected = encoder.layers(game.discriminator.trunk(fake).vector)
    assert torch.equal(game.encoders()[0](DiscriminatorOutput(game.discriminator, fake, {}))["k"], expected)


@pytest.mark.parametrize("player", ["discriminator", "generator"])
@pytest.mark.parametrize("augment", [[], [Halved()]])
def test_what_the_discriminator_judges_changed_is_read_as_it_is(player: str, augment: list[Augmentation]) -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    spec = spec_of(codes, NonSaturating(), MutualInformation(codes={"k": 1, "c": 1}, augment=augment))
    judged = spec.discriminator.model_copy(update={"augment": (Inverted(),)})
    plain, changed = begin(spec).game, begin(spec.model_copy(update={"discriminator": judged})).game
    changed.load_state_dict(plain.state_dict())
    fake, values = torch.rand(4, 1, 4, 4), plain.latents.sample(4)
    inputs = UpdateInputs(torch.rand(4, 1, 4, 4), {}, values, fake, {}, ("non-saturating", KEY))
    before, after = (Update(game, player)(inputs).terms for game in (plain, changed))
    assert before[KEY].item() == pytest.approx(after[KEY].item(), abs=1e-6)
    assert before["non-saturating"].item() != pytest.approx(after["non-saturating"].item(), abs=1e-4)


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_running_statistics_are_those_of_unchanged_images(player: str) -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    data = Tiny(side=28)
    games = [
        begin(
            spec_of(
                codes,
                NonSaturating(),
                MutualInformation(codes={"k": 1, "c": 1}, augment=augment),
                data=data,
                trunk=InfoGANMnistTrunk(width=0.02),
            )
        ).game
        for augment in ([], [Inverted(), Halved()])
    ]
    games[1].load_state_dict(games[0].state_dict())
    before = {name: buffer.clone() for name, buffer in games[0].named_buffers()}
    fake, values = torch.rand(6, 1, 28, 28), games[0].latents.sample(6)
    for game in games:
        Update(game, player)(UpdateInputs(torch.rand(6, 1, 28, 28), {}, values, fake, {}, (KEY,)))
    plain, changed = (dict(game.named_buffers()) for game in games)
    statistics = [name for name in plain if name.endswith(("running_mean", "running_var"))]
    assert len(statistics) == 6  # of the trunk's two batch norms and of Q's
    for name in statistics:
        assert not torch.equal(plain[name], before[name]), name
        assert torch.equal(plain[name], changed[name]), name


@pytest.mark.parametrize("train_trunk", [True, False])
def test_gradients_pass_through_the_changes_to_generator_trunk_and_q(train_trunk: bool) -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    affine = Affine(rotate=10, shear=0.2, scale=0.1, shift=0.1)
    loss = MutualInformation(codes={"k": 1, "c": 1}, augment=[affine], train_trunk=train_trunk)
    training = begin(spec_of(codes, loss))
    before = {name: parameter.detach().clone() for name, parameter in training.game.named_parameters()}
    training.advance()
    moved = {name for name, parameter in training.game.named_parameters() if not torch.equal(parameter, before[name])}
    held = "discriminator.head" if train_trunk else "discriminator."
    assert moved == {name for name in before if not name.startswith(held)}


def test_a_code_cannot_hide_in_what_the_changes_destroy() -> None:
    # The generator paints the code as one flat shade; a change that replaces every image by black leaves nothing of it.
    codes: dict[str, Latent] = {"k": Categorical(classes=2)}

    class Blackened(Inverted):
        def build(self, image: ImageShape) -> AugmentationModule:
            return Applied(lambda images: images * 0 - 1)

    bounds = []
    for augment in ([], [Blackened()]):
        training = begin(spec_of(codes, MutualInformation(codes={"k": 1}, augment=augment)))
        reports = [training.advance()["generator"].reports[KEY]["k"].item() for _ in range(60)]
        bounds.append(-sum(reports[-10:]) / 10)
    assert bounds[0] > 0.5
    assert bounds[1] < 0.1
