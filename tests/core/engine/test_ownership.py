"""Who trains what: players of any name, frozen parameters, losses of any name, and what is refused."""

from collections.abc import Callable, Mapping
from typing import Literal

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from gan_run import (
    Features,
    GanRunError,
    Generator,
    ImageShape,
    LatentSpace,
    Loss,
    LossContext,
    LossTerm,
    PluginError,
    Trunk,
    TrunkModule,
    UpdateContext,
)
from gan_run.core.engine.state import model_tensors
from gan_run.core.engine.training import Training
from gan_run.core.kinds.discriminator import Discriminator
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.training.optimizers.adam import Adam

Start = Callable[..., Training]


class Bringing(Loss):
    """Brings players of these names, each with a layer and with a method named after it."""

    type: Literal["bringing"] = "bringing"
    players: tuple[str, ...]

    def build(self, context: LossContext) -> LossTerm:
        methods = {f"{player.replace('-', '_')}_loss": _objective(player) for player in self.players}
        term: LossTerm = type("NamedTerm", (BringingTerm,), methods)(self.players)
        return term


class BringingTerm(LossTerm):
    def __init__(self, players: tuple[str, ...]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(64, 1) for _ in players)
        self._players = players

    def trained_by(self) -> Mapping[str, nn.Module]:
        return dict(zip(self._players, self.layers, strict=True))

    def of(self, player: str, update: UpdateContext) -> Tensor:
        found: Tensor = self.trained_by()[player](update.real.flatten(1))
        return found.square().mean()


def _objective(player: str) -> Callable[[BringingTerm, UpdateContext], Tensor]:
    return lambda term, update: term.of(player, update)


def with_players(start: Start, *players: str) -> Training:
    optimizers = dict.fromkeys(("generator", "discriminator", *players), Adam(lr=0.1))
    return start(losses=[NonSaturating(), Bringing(players=players)], optimizers=optimizers)


def moved(training: Training) -> set[str]:
    """The parameters that one step changes."""
    before = {name: value.detach().clone() for name, value in training.game.named_parameters()}
    training.advance()
    return {name for name, value in training.game.named_parameters() if not torch.equal(value, before[name])}


COLLIDING = ("encoder", "extra-inputs", "train", "state-dict", "forward", "objective", "trained-by", "half", "terms")


@pytest.mark.parametrize("player", COLLIDING)
def test_a_player_may_have_the_name_of_a_method(start: Start, player: str) -> None:
    training = with_players(start, player)
    assert [found.name for found in training.players] == [player, "discriminator", "generator"]
    losses = training.advance()
    assert set(losses[player].terms) == {"bringing"}
    assert set(losses["generator"].terms) == {"non-saturating"}
    assert {"terms.bringing.layers.0.weight", "terms.bringing.layers.0.bias"} <= moved(training)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(player=st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]*", fullmatch=True))
def test_a_player_of_any_name_is_trained_by_the_method_named_after_it(start: Start, player: str) -> None:
    if player in ("generator", "discriminator"):
        return
    training = with_players(start, player)
    assert set(training.advance()[player].terms) == {"bringing"}
    assert {"terms.bringing.layers.0.weight", "terms.bringing.layers.0.bias"} <= moved(training)


@pytest.mark.parametrize("player", ["", "a/b", "a.b", "a b", "1st", "ä"])
def test_a_name_that_logs_and_checkpoints_cannot_hold_is_refused(start: Start, player: str) -> None:
    with pytest.raises(GanRunError, match="a player cannot be called"):
        with_players(start, player)


def test_two_players_whose_method_would_be_one_are_refused(start: Start) -> None:
    with pytest.raises(GanRunError, match="'a-b' and 'a_b' share the method a_b_loss"):
        with_players(start, "a-b", "a_b")


class HalfFrozen(Trunk):
    """A frozen layer with batch norm in evaluation mode, as a pretrained one comes, and a layer to train."""

    type: Literal["half-frozen"] = "half-frozen"

    def build(self, image: ImageShape) -> TrunkModule:
        return HalfFrozenModule()


class HalfFrozenModule(TrunkModule):
    features = 5

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(64, 6), nn.BatchNorm1d(6)).requires_grad_(False).eval()
        self.layer = nn.Linear(6, 5)

    def forward(self, images: Tensor) -> Features:
        return Features(self.layer(self.backbone(images.flatten(1))))


class FrozenBaseGenerator(Generator):
    """A frozen layer, and one to train."""

    type: Literal["frozen-base"] = "frozen-base"

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        frozen = nn.Linear(latents.width, 6).requires_grad_(False)
        return nn.Sequential(frozen, nn.Linear(6, 64), nn.Tanh(), nn.Unflatten(1, tuple(image)))


class Perceptual(Loss):
    """The distance of real and generated images as a frozen network sees them."""

    type: Literal["perceptual"] = "perceptual"

    def build(self, context: LossContext) -> LossTerm:
        return PerceptualTerm()


class PerceptualTerm(LossTerm):
    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Linear(64, 4).requires_grad_(False)

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return (self.frozen(update.fake.flatten(1)) - self.frozen(update.real.flatten(1))).square().mean()


FROZEN = Discriminator(trunk=HalfFrozen(), head=Linear())
SETTINGS: tuple[dict[str, object], ...] = ({}, {"ema": 0.9}, {"compile": True}, {"reuse_fakes": True})


@pytest.mark.parametrize("train", SETTINGS, ids=lambda train: ",".join(train) or "plain")
def test_a_frozen_part_of_a_trunk_stays_as_it_was(start: Start, train: dict[str, object]) -> None:
    training = start(losses=[NonSaturating()], discriminator=FROZEN, train=train)
    trunk = training.game.discriminator.trunk
    assert isinstance(trunk, HalfFrozenModule)
    before = {name: value.clone() for name, value in trunk.backbone.state_dict().items()}
    layer = trunk.layer.weight.detach().clone()
    for _ in range(2):
        training.advance()
        assert not any(parameter.requires_grad for parameter in trunk.backbone.parameters())
    assert all(torch.equal(value, before[name]) for name, value in trunk.backbone.state_dict().items())
    assert not torch.equal(trunk.layer.weight, layer)
    (discriminator,) = (player for player in training.players if player.name == "discriminator")
    assert not any("backbone" in name for name in discriminator.parameters)


@pytest.mark.parametrize("train", SETTINGS, ids=lambda train: ",".join(train) or "plain")
def test_a_frozen_part_of_a_generator_stays_as_it_was(start: Start, train: dict[str, object]) -> None:
    training = start(losses=[NonSaturating()], generator=FrozenBaseGenerator(), train=train)
    before = {name: value.clone() for name, value in training.game.state_dict().items()}
    for _ in range(2):
        training.advance()
    differing = {name for name, value in training.game.state_dict().items() if not torch.equal(value, before[name])}
    assert {name for name in differing if name.startswith("stack.")} == {
        "stack.generator.1.weight",
        "stack.generator.1.bias",
    }
    if training.ema is not None:
        averaged = training.ema.stack.generator.get_parameter("0.weight")
        assert torch.equal(averaged, before["stack.generator.0.weight"])


def test_a_loss_may_hold_a_frozen_network(start: Start) -> None:
    training = start(losses=[NonSaturating(), Perceptual()])
    term = training.game.term("perceptual")
    assert isinstance(term, PerceptualTerm)
    before = term.frozen.weight.clone()
    losses = training.advance()
    assert losses["generator"].terms["perceptual"] > 0
    assert torch.equal(term.frozen.weight, before)
    assert "game.terms.perceptual.frozen.weight" in model_tensors(training.game, None)
    training.game.to(torch.float64)
    assert term.frozen.weight.dtype == torch.float64


def test_what_is_all_frozen_is_no_player(start: Start) -> None:
    class Frozen(HalfFrozen):
        def build(self, image: ImageShape) -> TrunkModule:
            return HalfFrozenModule().requires_grad_(False)

    trunk = start(discriminator=Discriminator(trunk=Frozen(), head=Linear()), losses=[NonSaturating()])
    (discriminator,) = (player for player in trunk.players if player.name == "discriminator")
    assert set(discriminator.parameters) == {"discriminator.head.layer.weight", "discriminator.head.layer.bias"}


def called(name: str) -> Loss:
    """A loss of this type."""

    class Named(Loss):
        type: Literal["named"] = "named"

        @classmethod
        def name(cls) -> str:
            return name

        def build(self, context: LossContext) -> LossTerm:
            return Bringing(players=("generator",)).build(context)

    return Named()


class Misspelt(Loss):
    """Its term has no method that is called as a player's objective."""

    type: Literal["misspelt"] = "misspelt"

    def build(self, context: LossContext) -> LossTerm:
        return MisspeltTerm()


class MisspeltTerm(LossTerm):
    def generatr_loss(self, update: UpdateContext) -> Tensor:
        return update.fake.mean()


def test_a_term_without_an_objective_is_refused(start: Start) -> None:
    expected = "the loss misspelt has a method generatr_loss, which no player calls; did you mean 'generator_loss'"
    with pytest.raises(GanRunError, match=expected):
        start(losses=[NonSaturating(), Misspelt()])


class BareParameter(Loss):
    """Its term names a parameter where a module belongs."""

    type: Literal["bare-parameter"] = "bare-parameter"

    def build(self, context: LossContext) -> LossTerm:
        return BareParameterTerm()


class BareParameterTerm(LossTerm):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def trained_by(self) -> Mapping[str, nn.Module]:
        return {"discriminator": self.scale}  # type: ignore[dict-item]  # the mistake that is tested

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return self.scale


def test_a_parameter_in_place_of_a_module_is_refused(start: Start) -> None:
    expected = r"trained_by of the loss 'bare-parameter' has a Parameter for the player 'discriminator', not a module"
    with pytest.raises(PluginError, match=expected):
        start(losses=[NonSaturating(), BareParameter()])


@pytest.mark.parametrize("name", ["update", "items", "train", "training", "forward", "_modules", "keys"])
def test_a_loss_may_have_the_name_of_an_attribute(start: Start, name: str) -> None:
    training = start(losses=[NonSaturating(), called(name)])
    assert set(training.advance()) == {"discriminator", "generator"}
    assert training.game.training
    state = training.game.state_dict()
    assert f"terms.{name}.layers.0.weight" in state
    training.game.load_state_dict({key: torch.zeros_like(value) for key, value in state.items()})
    assert not training.game.term(name).get_parameter("layers.0.weight").any()


class Tied(Loss):
    """Two layers of one weight, or of two views of one memory."""

    type: Literal["tied"] = "tied"
    view: bool

    def build(self, context: LossContext) -> LossTerm:
        term = BringingTerm(("generator", "discriminator"))
        one, other = (layer for layer in term.layers if isinstance(layer, nn.Linear))
        if self.view:
            other.weight = nn.Parameter(one.weight.detach().view(1, 64))
        else:
            other.register_parameter("weight", one.weight)
            term = BringingTerm(("generator",))
            term.register_module("again", nn.ParameterList(term.parameters()))
        return term


@pytest.mark.parametrize("view", [False, True])
def test_tied_weights_are_refused_before_training(start: Start, view: bool) -> None:
    found = r"terms\.tied\.\S* and terms\.tied\.\S* are one tensor.*Borrowed"
    with pytest.raises(GanRunError, match=found):
        start(losses=[NonSaturating(), Tied(view=view)])
