from collections.abc import Callable, Mapping
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from gan_run import (
    DataInfo,
    GanRunError,
    ImageShape,
    Latent,
    LatentContext,
    LatentModule,
    Loss,
    LossContext,
    LossTerm,
    Model,
    Spec,
    UpdateContext,
)
from gan_run.core.engine.game import Game, build_game
from gan_run.core.engine.training import Training
from gan_run.plugins.latents.standard.gaussian import Gaussian, GaussianModule
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.training.optimizers.adam import Adam

MakeSpec = Callable[..., Spec]


class Owning(Loss):
    """Has a layer that the player it names trains."""

    type: Literal["owning"] = "owning"
    owner: str | None = "judge"
    shares_trunk: bool = False

    def build(self, context: LossContext) -> LossTerm:
        return OwningTerm(self, context)


class OwningTerm(LossTerm):
    def __init__(self, declared: Owning, context: LossContext) -> None:
        super().__init__()
        self.layer = context.discriminator.trunk if declared.shares_trunk else nn.Linear(2, 3)
        self._owner = declared.owner

    def trained_by(self) -> Mapping[str, nn.Module]:
        return {} if self._owner is None else {self._owner: self.layer}

    def has_objective_for(self, player: str) -> bool:
        return player == self._owner

    def objective(self, player: str, update: UpdateContext) -> Tensor:
        return torch.as_tensor(self.layer(update.real[:, 0, 0, :2])).mean()


class Learnt(Gaussian):
    """A gaussian whose mean is learnt."""

    type: Literal["learnt"] = "learnt"  # type: ignore[assignment]  # another name

    def build(self, context: LatentContext) -> LatentModule:
        return LearntModule(self)


class LearntModule(GaussianModule):
    def __init__(self, declared: Learnt) -> None:
        super().__init__(declared)
        self.mean = nn.Parameter(torch.zeros(()))

    def embed(self, value: Tensor) -> Tensor:
        return super().embed(value + self.mean)


def game_of(spec: Spec) -> Game:
    return build_game(spec, spec.data.describe())


def test_the_discriminator_and_the_generator_train_their_networks(make_spec: MakeSpec) -> None:
    game = game_of(make_spec(losses=[NonSaturating()]))
    owned = game.owned()
    assert list(owned) == ["discriminator", "generator"]
    assert {id(p) for p in owned["discriminator"].values()} == {id(p) for p in game.discriminator.parameters()}
    assert {id(p) for p in owned["generator"].values()} == {id(p) for p in game.stack.parameters()}


def test_a_new_name_makes_a_new_player_that_moves_first(make_spec: MakeSpec) -> None:
    optimizers = {name: Adam(lr=0.1) for name in ("generator", "discriminator", "judge")}
    owned = game_of(make_spec(losses=[NonSaturating(), Owning()], optimizers=optimizers)).owned()
    assert list(owned) == ["judge", "discriminator", "generator"]
    assert set(owned["judge"]) == {"terms.owning.layer.weight", "terms.owning.layer.bias"}


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_a_term_may_give_its_modules_to_a_player_that_exists(make_spec: MakeSpec, player: str) -> None:
    owned = game_of(make_spec(losses=[NonSaturating(), Owning(owner=player)])).owned()
    assert list(owned) == ["discriminator", "generator"]
    assert {"terms.owning.layer.weight", "terms.owning.layer.bias"} <= set(owned[player])


def test_every_parameter_has_one_owner(make_spec: MakeSpec) -> None:
    game = game_of(make_spec())
    everyone = [name for parameters in game.owned().values() for name in parameters]
    assert sorted(everyone) == sorted(name for name, _ in game.named_parameters())


def test_a_latents_own_parameters_are_trained_by_the_generator(make_spec: MakeSpec) -> None:
    spec = make_spec(latents={"c": Learnt()}, losses=[NonSaturating()])
    assert "stack.latents.latent_c.mean" in game_of(spec).owned()["generator"]
    training = Training(spec, spec.data.describe(), spec.data.open("train"))
    training.advance()
    latent = training.game.latents["c"]
    assert isinstance(latent, LearntModule)
    assert latent.mean.item() != 0


def test_a_term_that_leaves_its_modules_to_nobody_is_refused(make_spec: MakeSpec) -> None:
    with pytest.raises(GanRunError, match=r"no player trains terms\.owning\.layer\.weight.*`trained_by`"):
        game_of(make_spec(losses=[Owning(owner=None)]))


def test_two_players_cannot_train_the_same(make_spec: MakeSpec) -> None:
    with pytest.raises(
        GanRunError, match=r"the discriminator trains .*weight, which another player, the judge, trains"
    ):
        game_of(make_spec(losses=[Owning(shares_trunk=True)]))


def test_a_term_that_registers_a_module_of_the_game_is_refused(make_spec: MakeSpec) -> None:
    found = r"terms\.owning\.layer\S* and discriminator\.trunk\.\S* are one tensor.*Borrowed"
    with pytest.raises(GanRunError, match=found):
        game_of(make_spec(losses=[Owning(owner="discriminator", shares_trunk=True)]))


def test_a_player_without_an_optimiser_is_named(make_spec: MakeSpec) -> None:
    with pytest.raises(GanRunError, match="optimizers: the player 'judge' of the loss 'owning' has none"):
        game_of(make_spec(losses=[Owning()]))
    with pytest.raises(GanRunError, match="optimizers: the player 'generator' has none"):
        game_of(make_spec(optimizers={"discriminator": Adam(lr=0.1)}))


def test_an_optimiser_for_nobody_is_answered_with_the_players_there_are(make_spec: MakeSpec) -> None:
    optimizers = {name: Adam(lr=0.1) for name in ("generator", "discriminator", "critic")}
    with pytest.raises(GanRunError, match=r"optimizers\.critic: no such player.*discriminator, generator"):
        game_of(make_spec(optimizers=optimizers))


def test_updates_for_nobody_are_answered_with_the_players_there_are(make_spec: MakeSpec) -> None:
    with pytest.raises(GanRunError, match=r"train\.updates\.critic: no such player.*discriminator, generator"):
        game_of(make_spec(train={"updates": {"critic": 5}}))


def test_losses_of_one_type_are_told_apart(make_spec: MakeSpec) -> None:
    game = game_of(make_spec(losses=[MutualInformation(codes={"c": 1}), MutualInformation(codes={"d": 1})]))
    assert list(game.terms) == ["mutual-information", "mutual-information-again-1"]


def model_of(game: Game) -> Model:
    return game.model(DataInfo(ImageShape(1, 8, 8), {}), torch.device("cpu"), averaged=None)


def test_all_encoders_together_read_every_code(make_spec: MakeSpec) -> None:
    losses = [MutualInformation(codes={"c": 1}), NonSaturating(), MutualInformation(codes={"category": 1, "d": 1})]
    game = game_of(make_spec(losses=losses))
    params = model_of(game).posterior_params(torch.rand(3, 1, 8, 8))
    assert {name: tuple(value.shape) for name, value in params.items()} == {
        "c": (3, 1),
        "category": (3, 4),
        "d": (3, 2),
    }


def test_without_an_encoder_nothing_is_read(make_spec: MakeSpec) -> None:
    game = game_of(make_spec(losses=[NonSaturating()]))
    assert model_of(game).posterior_params(torch.rand(3, 1, 8, 8)) == {}


def test_no_tensor_is_in_the_state_twice(make_spec: MakeSpec) -> None:
    # safetensors refuses shared tensors.
    state = game_of(make_spec()).state_dict()
    assert len({value.data_ptr() for value in state.values()}) == len(state) > 0


def test_a_latent_may_look_at_the_data_while_it_is_built(make_spec: MakeSpec) -> None:
    seen: list[ImageShape] = []

    class Looking(Latent):
        type: Literal["looking"] = "looking"

        def build(self, context: LatentContext) -> LatentModule:
            seen.append(context.data.image)
            return LearntModule(Learnt())

    game_of(make_spec(latents={"c": Looking(count=2)}, losses=[NonSaturating()]))
    assert seen == [ImageShape(1, 8, 8)]


def test_spectral_norm_is_on_every_layer_of_the_discriminator_and_on_nothing_else(make_spec: MakeSpec) -> None:
    spec = make_spec()
    plain = game_of(spec)
    normed = game_of(
        spec.model_copy(update={"discriminator": spec.discriminator.model_copy(update={"spectral_norm": True})})
    )
    under = {name.split(".parametrizations")[0] for name, _ in normed.named_parameters() if ".original" in name}
    layers = {
        name for name, layer in plain.named_modules() if isinstance(layer, nn.Linear) and name.startswith("discrim")
    }
    assert under == layers
    assert len(layers) == 2
