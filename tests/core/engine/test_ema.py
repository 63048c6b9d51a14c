import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from gan_run import Progress, read_spec
from gan_run.core.engine.ema import EMA
from gan_run.core.engine.training import Training
from gan_run.core.kinds.ema import EMAInImages, decay_at
from gan_run.core.kinds.generator import GeneratorStack
from gan_run.core.kinds.norm_statistics import with_standing_statistics
from gan_run.plugins.networks.dcgan.networks import DCGANGenerator
from gan_run.plugins.training.schedules.schedules import LinearSchedule
from gan_run.registry.plugins import Registry

Start = Callable[..., Training]


@pytest.fixture
def plain(start: Start) -> GeneratorStack:
    return start().game.stack


@pytest.fixture
def normalising(start: Start) -> GeneratorStack:
    """A generator whose one batch norm comes right after its first, linear, layer."""
    return start(generator=DCGANGenerator(width=0.05)).game.stack


def fill(stack: GeneratorStack, value: float) -> None:
    for parameter in stack.parameters():
        nn.init.constant_(parameter, value)


def held(ema: EMA) -> float:
    """The one value of all averaged weights."""
    values = torch.cat([parameter.detach().flatten() for parameter in ema.stack.parameters()])
    torch.testing.assert_close(values, values[:1].expand_as(values))
    return values[0].item()


def test_the_first_update_takes_the_weights_as_they_are(plain: GeneratorStack) -> None:
    ema = EMA(plain)
    fill(plain, 3.0)
    ema.update(plain, 0.0)
    assert held(ema) == 3.0


def test_later_updates_keep_the_share_of_the_decay(plain: GeneratorStack) -> None:
    ema = EMA(plain)
    fill(plain, 1.0)
    ema.update(plain, 0.0)
    fill(plain, 2.0)
    ema.update(plain, 0.7)
    assert held(ema) == pytest.approx(0.7 * 1 + 0.3 * 2, abs=1e-6)


@pytest.mark.parametrize(
    ("step", "decay"),
    [(1, 2 / 11), (8, 9 / 18), (80, 81 / 90), (81, 0.9), (100_000, 0.9)],
)
def test_a_decay_follows_fast_at_first(step: int, decay: float) -> None:
    assert decay_at(0.9, Progress(step, 200_000), batch_size=64) == pytest.approx(decay)


def test_a_decay_may_be_a_schedule() -> None:
    rising = LinearSchedule(start=0.5, end=0.9)
    assert decay_at(rising, Progress(500, 1000), batch_size=64) == pytest.approx(0.7)


def test_a_half_life_in_images_halves_whatever_the_batch_size() -> None:
    declared = EMAInImages(half_life=1000.0, ramp_up=None)
    for batch_size in (10, 250):
        kept = math.prod(declared.decay(Progress(step, 10), batch_size) for step in range(1000 // batch_size))
        assert kept == pytest.approx(0.5)


def test_a_half_life_is_at_most_a_share_of_the_images_seen() -> None:
    declared = EMAInImages(half_life=1000.0, ramp_up=0.05)
    assert declared.decay(Progress(0, 10_000), 20) == 0  # the first update copies
    assert declared.decay(Progress(100, 10_000), 20) == pytest.approx(0.5 ** (20 / 100))  # a twentieth of 2,000 images
    assert declared.decay(Progress(5_000, 10_000), 20) == pytest.approx(0.5 ** (20 / 1000))


def test_a_half_life_may_be_a_schedule_in_a_spec(small: Callable[..., Mapping[str, Any]], registry: Registry) -> None:
    ema = {"half_life": {"type": "linear", "start": 0, "end": 1000}, "ramp_up": None}
    spec = read_spec(small(train={"steps": 10, "ema": ema}), registry=registry)
    assert isinstance(spec.train.ema, EMAInImages)
    assert decay_at(spec.train.ema, Progress(5, 10), 50) == pytest.approx(0.5 ** (50 / 500))
    assert read_spec(small(train={"steps": 10, "ema": None}), registry=registry).train.ema is None
    with pytest.raises(ValueError, match=r"train\.ema: 1 is no decay"):
        read_spec(small(train={"steps": 10, "ema": 1.0}), registry=registry)


def test_a_decay_of_nought_keeps_no_past(plain: GeneratorStack) -> None:
    ema = EMA(plain)
    for step in range(4):
        fill(plain, float(step))
        ema.update(plain, 0.0)
        assert held(ema) == step


def test_averaging_changes_nothing_of_the_generator(plain: GeneratorStack) -> None:
    before = {name: value.clone() for name, value in plain.state_dict().items()}
    ema = EMA(plain)
    ema.update(plain, 0.0)
    fill(ema.stack, 7.0)
    assert all(torch.equal(value, before[name]) for name, value in plain.state_dict().items())


def norm(stack: GeneratorStack) -> nn.BatchNorm2d:
    (found,) = (layer for layer in stack.modules() if isinstance(layer, nn.BatchNorm2d))
    return found


def running(stack: GeneratorStack) -> tuple[Tensor, Tensor]:
    mean, variance = norm(stack).running_mean, norm(stack).running_var
    assert mean is not None
    assert variance is not None
    return mean, variance


def test_buffers_are_the_generators_latest_and_not_averaged(normalising: GeneratorStack) -> None:
    ema = EMA(normalising)
    ema.update(normalising, 0.0)
    for _ in range(3):
        normalising(normalising.latents.sample(4))
    ema.update(normalising, 0.9)
    assert running(normalising)[0].any()
    assert torch.equal(running(ema.stack)[0], running(normalising)[0])
    assert torch.equal(running(ema.stack)[1], running(normalising)[1])


def test_a_saved_average_goes_on_as_if_it_had_never_stopped(plain: GeneratorStack) -> None:
    whole, first = EMA(plain), EMA(plain)
    for step in range(2):
        fill(plain, float(step))
        whole.update(plain, 0.4)
        first.update(plain, 0.4)
    second = EMA(plain)
    second.load({name: value.clone() for name, value in first.state().items()})
    fill(plain, 5.0)
    whole.update(plain, 0.4)
    second.update(plain, 0.4)
    assert held(second) == held(whole)


def test_standing_statistics_are_those_of_the_generators_own_activations(normalising: GeneratorStack) -> None:
    for parameter in normalising.parameters():
        nn.init.normal_(parameter)
    linear, settled = next(normalising.generator.children()), with_standing_statistics(normalising)
    with torch.no_grad():
        inputs = linear(normalising.latents.embed(normalising.latents.sample(20_000)))
    # One channel's activations lie side by side.
    by_channel = inputs.view(len(inputs), norm(settled).num_features, -1).transpose(0, 1).flatten(1)
    mean, variance = running(settled)
    torch.testing.assert_close(mean, by_channel.mean(1), atol=0.1, rtol=0)
    torch.testing.assert_close(variance, by_channel.var(1), atol=0, rtol=0.1)
    assert not torch.allclose(running(normalising)[1], variance, rtol=0.1)


def test_standing_statistics_leave_the_generator_and_the_global_stream_alone(normalising: GeneratorStack) -> None:
    before = {name: value.clone() for name, value in normalising.state_dict().items()}
    stream = torch.get_rng_state()
    settled = with_standing_statistics(normalising)
    assert torch.equal(torch.get_rng_state(), stream)
    assert all(torch.equal(value, before[name]) for name, value in normalising.state_dict().items())
    assert normalising.training
    assert all(parameter.requires_grad for parameter in normalising.parameters())
    assert not settled.training
    assert not any(parameter.requires_grad for parameter in settled.parameters())


def test_standing_statistics_are_the_same_each_time(normalising: GeneratorStack) -> None:
    some, others = with_standing_statistics(normalising), with_standing_statistics(normalising)
    assert torch.equal(running(some)[0], running(others)[0])
    assert torch.equal(running(some)[1], running(others)[1])


def test_a_generator_without_batch_norms_stays_what_it_is(plain: GeneratorStack) -> None:
    values = plain.latents.sample(3)
    with torch.no_grad():
        assert torch.equal(with_standing_statistics(plain)(values), plain.eval()(values))


def test_what_torchs_averaged_model_wrote_is_read_and_followed_alike(plain: GeneratorStack) -> None:
    """Checkpoints of earlier versions hold its names."""

    def lerp(averaged: list[Tensor], current: list[Tensor], count: Tensor | int) -> None:
        torch._foreach_lerp_(averaged, current, 0.1)

    torchs = AveragedModel(plain, multi_avg_fn=torch.no_grad()(lerp), use_buffers=False)
    fill(plain, 1.0)
    torchs.update_parameters(plain)
    ours = EMA(plain)
    ours.load(torchs.state_dict())
    assert ours.state().keys() == torchs.state_dict().keys()
    fill(plain, 2.0)
    torchs.update_parameters(plain)
    ours.update(plain, 0.9)
    expected = torchs.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in ours.state().items())
