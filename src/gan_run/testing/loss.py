"""The tests that every loss passes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from gan_run.core.base.randomness import derive_seed
from gan_run.core.engine.state import load_model_tensors, load_optimizer_tensors, model_tensors, optimizer_tensors
from gan_run.core.engine.training import Training, read_scalars
from gan_run.core.kinds.loss import Loss
from gan_run.core.run import checkpoint
from gan_run.testing.component import ComponentSuite
from gan_run.testing.game import begin
from gan_run.testing.rng import only_torch_rng


class LossSuite(ComponentSuite):
    """Set `component` to a loss. It is trained for a few steps with `mlp` networks on noise of three classes, with the
    latents `z`, `label`, `category` and `c`."""

    component: Loss
    adversarial: ClassVar[Mapping[str, object] | None] = {"type": "non-saturating"}
    """The adversarial loss to train it with; None if it is one itself."""
    others: ClassVar[Sequence[Mapping[str, object]]] = ()
    """Further losses that it needs."""
    players: ClassVar[Sequence[str]] = ()
    """The players that it adds; each gets an optimizer."""
    fields: ClassVar[Mapping[str, object]] = {}
    """Fields of the spec that replace the small spec's own: `latents`, `discriminator`, …"""

    def begin(self) -> Training:
        """Training with the loss, before the first step."""
        torch.manual_seed(0)
        beside = [] if self.adversarial is None else [self.adversarial]
        losses = [*beside, self.component, *self.others]
        return begin(self.component, {"losses": losses, **self.fields}, self.players)

    def key(self) -> str:
        """The loss's key in logs."""
        return type(self.component).name()

    def test_its_values_are_finite_and_a_player_minimises_it(self) -> None:
        training = self.begin()
        scalars: dict[str, float] = {}
        with only_torch_rng(seeded=True):
            for step in range(3):
                scalars |= read_scalars(training.advance())
                unseeded = torch.initial_seed() == derive_seed(training.spec.seed, "step", step)
                assert unseeded, "it seeds torch's global generator: remove the call"
        assert [name for name in scalars if name.split("/")[1] == self.key()], "no player minimises it"
        assert all(torch.isfinite(torch.tensor(value)) for value in scalars.values()), scalars

    def test_every_parameter_it_adds_is_trained(self) -> None:
        training = self.begin()
        before = self.own(training)
        for _ in range(3):
            training.advance()
        still = [name for name, value in self.own(training).items() if torch.equal(value, before[name])]
        assert not still, f"no player changes {still}: are they in `trained_by`, and in that player's objective?"

    def test_a_resumed_run_equals_an_uninterrupted_one(self, tmp_path: Path) -> None:
        straight, interrupted = self.begin(), self.begin()
        for _ in range(2):
            straight.advance()
            interrupted.advance()
        tensors = model_tensors(interrupted.game, interrupted.ema)
        saved = checkpoint.save(tmp_path, interrupted.step, tensors, optimizer_tensors(interrupted.players))
        resumed = self.begin()
        model, moments = checkpoint.load(saved)
        load_model_tensors(model, resumed.game, resumed.ema)
        load_optimizer_tensors(moments, resumed.players)
        resumed.step = saved.step
        for _ in range(2):
            straight.advance()
            resumed.advance()
        other = dict(resumed.game.state_dict())
        differing = [name for name, value in straight.game.state_dict().items() if not torch.equal(value, other[name])]
        assert not differing, f"{differing} differ after a resume: state must be in buffers"

    def own(self, training: Training) -> dict[str, Tensor]:
        """Copies of the parameters that the loss adds, by name."""
        term = training.game.term(self.key())
        return {name: value.detach().clone() for name, value in term.named_parameters()}
