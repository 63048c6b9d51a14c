"""Compiled updates, by the compiler that users have."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from gan_run import DataSource, Discriminator, Loss, LossContext, LossTerm, UpdateContext
from gan_run.core.engine.training import Training, read_scalars
from gan_run.core.engine.update import Losses
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.core.run.loop import restore, save
from gan_run.core.run.run_folder import RunFolder
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.losses.penalties.gradient_penalty import GradientPenalty
from gan_run.plugins.losses.penalties.r1_r2 import R1
from gan_run.plugins.networks.dcgan.networks import DCGANTrunk
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.networks.mlp.networks import MLPTrunk
from gan_run.plugins.training.augmentations.diffaugment import DiffAugment

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
    """Has one value eagerly and another when it is compiled."""

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


class GraphPool:
    """Stands for torch.compile with CUDA graphs: every compiled function writes its outputs to the same memory."""

    def __init__(self) -> None:
        self._memory: dict[int, Tensor] = {}

    def compile(self, update: nn.Module, **options: object) -> Callable[[UpdateInputs], Losses]:
        def replay(inputs: UpdateInputs) -> Losses:
            losses: Losses = update(inputs)
            reports = [value for named in losses.reports.values() for value in named.values()]
            for place, value in enumerate([*losses.terms.values(), *reports, losses.real_logits]):
                if value is not None:
                    memory = self._memory.setdefault(place, torch.empty_like(value))
                    memory.copy_(value.detach())
                    value.data = memory
            return losses

        return replay


def test_what_a_step_returns_is_not_overwritten_by_the_next_replay(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    augmented = Discriminator(trunk=MLPTrunk(hidden=(10,)), head=Linear(), augment=(DiffAugment(),))
    eager = start(discriminator=augmented)
    monkeypatch.setattr(torch, "compile", GraphPool().compile)
    replayed = start(discriminator=augmented, train={"compile": True})
    expected, found = [[training.advance() for _ in range(4)] for training in (eager, replayed)]
    assert [read_scalars(losses) for losses in found] == [read_scalars(losses) for losses in expected]
    for ours, theirs in zip(found, expected, strict=True):
        logits, wanted = ours["discriminator"].real_logits, theirs["discriminator"].real_logits
        assert logits is not None
        assert wanted is not None
        assert torch.equal(logits, wanted)


def test_a_compiler_that_fails_after_the_forward_pass_leaves_the_numbers_of_an_eager_run(
    start: Start, tiny: Callable[..., DataSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    normed = Discriminator(trunk=DCGANTrunk(width=0.1), head=Linear(), spectral_norm=True)

    def failing(update: nn.Module, **options: object) -> Callable[[UpdateInputs], Losses]:
        def run(inputs: UpdateInputs) -> Losses:
            update(inputs)
            torch.rand(3)
            raise RuntimeError("the compiler gave up")

        return run

    eager = after(start(discriminator=normed, data=tiny(side=16)), 2)
    monkeypatch.setattr(torch, "compile", failing)
    with pytest.warns(RuntimeWarning, match=r"cannot be compiled \(the compiler gave up\)"):
        stayed = after(start(discriminator=normed, data=tiny(side=16), train={"compile": True}), 2)
    assert any("running" in name for name in eager)
    assert all(torch.equal(stayed[name], value) for name, value in eager.items())


def test_a_compiled_run_that_was_resumed_ends_with_the_bytes_of_one_that_was_not(start: Start, tmp_path: Path) -> None:
    whole = start(train={"compile": True})
    after(whole, 2)
    saved = save(whole, RunFolder(tmp_path))
    resumed = start(train={"compile": True})
    restore(resumed, saved)
    expected = after(whole, 2)
    assert all(torch.equal(expected[name], value) for name, value in after(resumed, 2).items())
