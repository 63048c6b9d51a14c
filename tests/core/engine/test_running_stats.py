"""The discriminator's running statistics under its augmentation."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gan_run import DataSource, Discriminator
from gan_run.core.engine.training import Training
from gan_run.core.run.loop import restore, save
from gan_run.core.run.run_folder import RunFolder
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.networks.dcgan.networks import DCGANTrunk
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.training.augmentations.diffaugment import DiffAugment
from gan_run.plugins.training.optimizers.adam import Adam

Start = Callable[..., Training]
Tiny = Callable[..., DataSource]


@pytest.fixture
def few_images(start: Start, tiny: Tiny) -> Callable[..., Training]:
    """The game of examples/few-images.json, small: an augmented discriminator with batch norm, and no encoder."""

    def begin(spectral_norm: bool = False, **changes: object) -> Training:
        discriminator = Discriminator(
            trunk=DCGANTrunk(width=0.1), head=Linear(), augment=(DiffAugment(),), spectral_norm=spectral_norm
        )
        optimizers = {"generator": Adam(lr=1e-4), "discriminator": Adam(lr=1e-4)}
        fields = {"losses": [NonSaturating()], "optimizers": optimizers, **changes}
        return start(discriminator=discriminator, data=tiny(side=16), train={"batch_size": 20}, **fields)

    return begin


def norms(training: Training) -> list[nn.BatchNorm2d]:
    return [layer for layer in training.game.discriminator.modules() if isinstance(layer, nn.BatchNorm2d)]


def test_they_are_those_of_real_images_without_augmentation(few_images: Callable[..., Training]) -> None:
    training = few_images()
    for _ in range(60):
        training.advance()
    (norm,) = norms(training)
    seen: list[Tensor] = []
    norm.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    real = training.feed.batch(0).images  # all twenty
    with torch.no_grad():
        training.game.discriminator.trunk(real)
    mean, variance = seen[0].mean(dim=(0, 2, 3)), seen[0].var(dim=(0, 2, 3))
    torch.testing.assert_close(norm.running_mean, mean, rtol=0.1, atol=0.02)
    torch.testing.assert_close(norm.running_var, variance, rtol=0.1, atol=0.02)


def test_refreshing_them_changes_no_weight_and_no_other_buffer(
    few_images: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    def state(training: Training) -> dict[str, Tensor]:
        for _ in range(3):
            training.advance()
        return dict(training.game.state_dict())

    refreshed = state(few_images(spectral_norm=True))
    monkeypatch.setattr("gan_run.core.engine.player.refresh_running_stats", lambda trunk, images: None)
    left = state(few_images(spectral_norm=True))
    differing = {name for name, value in refreshed.items() if not torch.equal(value, left[name])}
    assert differing
    assert all(name.startswith("discriminator.trunk.") for name in differing)
    assert {name.rsplit(".", 1)[1] for name in differing} == {"running_mean", "running_var", "num_batches_tracked"}


def test_a_resumed_run_has_the_bytes_of_one_that_was_not_interrupted(
    few_images: Callable[..., Training], tmp_path: Path
) -> None:
    whole = few_images()
    for _ in range(2):
        whole.advance()
    resumed = few_images()
    restore(resumed, save(whole, RunFolder(tmp_path)))
    for training in (whole, resumed):
        training.advance()
    state = resumed.game.state_dict()
    assert all(torch.equal(state[name], value) for name, value in whole.game.state_dict().items())


def test_without_augmentation_no_further_pass_is_made(start: Start, tiny: Tiny) -> None:
    plain = Discriminator(trunk=DCGANTrunk(width=0.1), head=Linear())
    training = start(discriminator=plain, data=tiny(side=16), losses=[NonSaturating()])
    calls: list[object] = []
    training.game.discriminator.trunk.register_forward_hook(lambda *of: calls.append(of))
    training.advance()
    assert len(calls) == 3
