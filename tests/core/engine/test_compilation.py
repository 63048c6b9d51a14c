"""Compiled updates, by the compiler that users have."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
import torch
from torch import Tensor

from gan_run import Loss, LossContext, LossTerm, UpdateContext
from gan_run.core.engine.training import Training
from gan_run.core.run.loop import restore, save
from gan_run.core.run.run_folder import RunFolder
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.losses.penalties.one_centred import GradientPenalty
from gan_run.plugins.losses.penalties.zero_centred import R1

Start = Callable[..., Training]
PENALISED = (
    NonSaturating(),
    MutualInformation(codes={"category": 1, "c": 0.5, "d": 1}, hidden=None),
    R1(every=2),
    GradientPenalty(),
)


@pytest.fixture(autouse=True)
def forgetful_compiler() -> None:
    """It remembers of a function, whoever it is compiled for, that it could not be compiled in one piece."""
    torch._dynamo.reset()


class Treacherous(Loss):
    """Says one thing eagerly and another when it is compiled."""

    type: Literal["treacherous"] = "treacherous"
    how: Literal["value", "gradient", "error"]

    def build(self, context: LossContext) -> LossTerm:
        return TreacherousTerm(self.how)


class TreacherousTerm(LossTerm):
    input_gradients = frozenset({"real"})

    def __init__(self, how: str) -> None:
        super().__init__()
        self._how = how

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        logits = update.real_output.logits.mean()
        if self._how == "error":
            torch._dynamo.graph_break()  # so that the gradient is taken of what was compiled by itself
            (slope,) = torch.autograd.grad(logits, update.real, create_graph=True)
            return slope.square().sum()
        if not torch.compiler.is_compiling():
            return logits
        return logits + 1 if self._how == "value" else logits + 2 * (logits - logits.detach())


def after(training: Training, steps: int) -> dict[str, Tensor]:
    for _ in range(steps):
        training.advance()
    return {name: value.clone() for name, value in training.game.state_dict().items()}


def test_a_compiled_run_takes_the_steps_of_an_eager_one_penalties_lazy_ones_and_draws_included(start: Start) -> None:
    eager = after(start(losses=PENALISED), 4)
    compiled = after(start(losses=PENALISED, train={"compile": True}), 4)
    for name, value in eager.items():
        torch.testing.assert_close(compiled[name], value, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("value", "compiled has the loss treacherous at"),
        ("gradient", r"compiled has another gradient at game\.discriminator"),
        ("error", "cannot be compiled .*double backward"),
    ],
)
def test_what_compiles_to_something_else_stays_eager_and_that_is_said_once(start: Start, how: str, why: str) -> None:
    losses = [Treacherous(how=how)]
    training = start(losses=losses, train={"compile": True})
    with pytest.warns(RuntimeWarning, match=f"the update of the discriminator {why}.*: it stays eager") as warned:
        compiled = after(training, 3)
    assert len(warned) == 1
    eager = after(start(losses=losses), 3)
    assert all(torch.equal(compiled[name], value) for name, value in eager.items())


def test_a_compiled_run_that_was_resumed_ends_with_the_bytes_of_one_that_was_not(start: Start, tmp_path: Path) -> None:
    whole = start(train={"compile": True})
    after(whole, 2)
    saved = save(whole, RunFolder(tmp_path))
    resumed = start(train={"compile": True})
    restore(resumed, saved)
    expected = after(whole, 2)
    assert all(torch.equal(expected[name], value) for name, value in after(resumed, 2).items())
