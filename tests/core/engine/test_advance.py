"""A step of training: all players once through."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gan_run import Progress
from gan_run.core.base.randomness import seed_everything
from gan_run.core.engine.training import Training, read_scalars

Start = Callable[..., Training]


def weights(training: Training) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in training.game.state_dict().items()}


def assert_same(some: dict[str, Tensor], others: dict[str, Tensor]) -> None:
    assert some.keys() == others.keys()
    assert all(torch.equal(value, others[name]) for name, value in some.items())


def test_a_step_changes_every_weight(start: Start) -> None:
    training = start()
    before = weights(training)
    training.advance()
    for name, value in weights(training).items():
        assert not name.endswith("weight") or not torch.equal(value, before[name]), name


def test_the_same_spec_trains_to_the_same_bytes_whatever_else_draws(start: Start) -> None:
    one, other = start(), start()
    for _ in range(3):
        one.advance()
        other.advance()
        torch.rand(7)
    assert_same(weights(one), weights(other))


def test_another_seed_starts_and_trains_differently(start: Start) -> None:
    one, other = start(seed=1), start(seed=2)
    name = "stack.generator.0.weight"
    assert not torch.equal(weights(one)[name], weights(other)[name])


def test_each_step_draws_anew(start: Start) -> None:
    training = start()
    drawn = []
    for _ in range(2):
        training.advance()
        drawn.append(torch.rand(1).item())
    assert drawn[0] != drawn[1]


def test_looking_at_the_model_between_steps_does_not_disturb_training(start: Start) -> None:
    watched, alone = start(train={"ema": 0.5}), start(train={"ema": 0.5})
    for _ in range(3):
        watched.advance()
        model = watched.model()
        model.encode(model.sample(3))
        assert watched.game.training
        alone.advance()
    assert_same(weights(watched), weights(alone))


def test_the_average_takes_in_the_weights_of_every_step(start: Start) -> None:
    training = start(train={"ema": 0.999})
    assert training.ema is not None
    expected: list[Tensor] = []
    for step, decay in enumerate((0.0, 2 / 11, 3 / 12)):
        training.advance()
        now = [parameter.detach().clone() for parameter in training.game.stack.parameters()]
        expected = [decay * old + (1 - decay) * new for old, new in zip(expected if step else now, now, strict=True)]
    for found, wanted in zip(training.ema.stack.parameters(), expected, strict=True):
        torch.testing.assert_close(found, wanted)


def test_scalars_are_named_by_player_term_and_report(start: Start) -> None:
    scalars = read_scalars(start().advance())
    reports = ("", "/category", "/c", "/d")
    assert set(scalars) == {f"{p}/non-saturating" for p in ("discriminator", "generator")} | {
        f"{p}/mutual-information{report}" for p in ("discriminator", "generator") for report in reports
    }
    assert scalars["discriminator/non-saturating"] == pytest.approx(1.386, abs=0.5)


def test_a_step_in_bf16_keeps_weights_and_objectives_in_float32(start: Start) -> None:
    training = start(train={"precision": "bf16"})
    losses = training.advance()
    assert {value.dtype for value in weights(training).values() if value.is_floating_point()} == {torch.float32}
    for loss in losses.values():
        assert all(value.isfinite() for value in loss.terms.values())
        assert {value.dtype for value in loss.terms.values()} == {torch.float32}


def test_unlabelled_data_trains_too(start: Start, tiny: Callable[..., object]) -> None:
    losses = start(data=tiny(labelled=False)).advance()
    assert set(losses) == {"discriminator", "generator"}


def test_fakes_used_again_train_the_generator_as_ones_made_again_of_the_same_latents(start: Start) -> None:
    again, anew = start(train={"reuse_fakes": True}), start()
    calls = []
    again.game.stack.generator.register_forward_hook(lambda *of: calls.append(of))
    again.advance()
    for player in anew.players:
        seed_everything(anew.spec.seed, "step", 0)  # so that both draw the same
        player.update(Progress(0, 4), anew.feed.batch(0))
    assert [player.name for player in anew.players] == ["discriminator", "generator"]
    assert len(calls) == 1
    for parameter, other in zip(again.game.parameters(), anew.game.parameters(), strict=True):
        torch.testing.assert_close(parameter, other)
    assert not torch.equal(next(again.game.parameters()), next(start().game.parameters()))


def test_fakes_are_used_again_once(start: Start) -> None:
    training = start(train={"reuse_fakes": True, "updates": {"generator": 2, "discriminator": 3}})
    calls = []
    training.game.stack.generator.register_forward_hook(lambda *of: calls.append(of))
    training.advance()
    assert len(calls) == 3 + 1


def test_of_several_discriminator_updates_only_the_last_keeps_the_generators_graph(start: Start) -> None:
    training = start(train={"reuse_fakes": True, "updates": {"discriminator": 3}})
    graphs: list[bool] = []
    training.game.stack.generator.register_forward_hook(lambda module, of, images: graphs.append(images.requires_grad))
    training.advance()
    assert graphs == [False, False, True]
