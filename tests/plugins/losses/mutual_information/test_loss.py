import itertools
import math
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, distributions, nn

from gan_run import (
    Augmentation,
    AugmentationModule,
    DataInfo,
    DataSource,
    Discriminator,
    DiscriminatorOutput,
    Generator,
    ImageSet,
    ImageShape,
    Latent,
    Spec,
    SpecError,
    Trunk,
    log_prob,
    read_spec,
)
from gan_run.core.engine.game import Game
from gan_run.core.engine.player import Player
from gan_run.core.engine.training import Training
from gan_run.core.engine.update import Losses, Update
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.networks.infogan_networks.mnist import InfoGANMnistGenerator, InfoGANMnistTrunk
from gan_run.plugins.networks.mlp.networks import MLPGenerator, MLPTrunk
from gan_run.plugins.training.augmentations.affine import Affine
from gan_run.plugins.training.optimizers.adam import Adam

KEY = "mutual-information"
HALF_LN_2PI = 0.5 * math.log(2 * math.pi)


class Tiny(DataSource):
    type: Literal["tiny"] = "tiny"
    side: int = 4

    def describe(self) -> DataInfo:
        return DataInfo(ImageShape(1, self.side, self.side), {"train": 12})

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        generator = torch.Generator().manual_seed(0)
        return ImageSet(torch.randint(0, 256, (12, 1, self.side, self.side), dtype=torch.uint8, generator=generator))


def spec_of(
    latents: Mapping[str, Latent],
    *losses: MutualInformation | NonSaturating,
    data: Tiny | None = None,
    batch_size: int = 6,
    generator: Generator | None = None,
    trunk: Trunk | None = None,
) -> Spec:
    return Spec.model_validate(
        {
            "name": "small",
            "data": data or Tiny(),
            "latents": {"z": Uniform(count=2), **latents},
            "generator": generator or MLPGenerator(hidden=(7,)),
            "discriminator": Discriminator(trunk=trunk or MLPTrunk(hidden=(5,)), head=Linear()),
            "losses": losses,
            "optimizers": {"generator": Adam(lr=0.01), "discriminator": Adam(lr=0.01)},
            "train": {"steps": 3, "batch_size": batch_size, "device": "cpu", "ema": None},
        }
    )


def begin(spec: Spec) -> Training:
    return Training(spec, spec.data.describe(), spec.data.open("train"))


MIXED: dict[str, Latent] = {
    "k": Categorical(classes=3),
    "ks": Categorical(classes=2, count=2),
    "u": Uniform(low=-2, high=1),
    "us": Uniform(count=3),
    "g": Gaussian(),
    "learnt": Uniform(learn_std=True, min_std=0.1),
    "learnts": Gaussian(learn_std=True, count=2),
}
SINGLE = [{name: latent} for name, latent in MIXED.items()]
ALONE_AND_MIXED = pytest.mark.parametrize("codes", [*SINGLE, MIXED], ids=[*MIXED, "all"])


# --- The value.


class Asked(NamedTuple):
    objective: Tensor
    reports: dict[str, Tensor]


def ask(game: Game, player: str, fake: Tensor, values: Mapping[str, Tensor]) -> Asked:
    """The term's objective on these images and the values that they are said to be made from."""
    inputs = UpdateInputs(torch.zeros_like(fake), None, dict(values), fake, {}, (KEY,))
    losses: Losses = Update(game, player)(inputs)
    return Asked(losses.terms[KEY], losses.reports[KEY])


def fix_q(game: Game, numbers: list[float]) -> None:
    """Make `numbers` the posterior parameters of every image: those of all codes, one after the other."""
    encoder = game.term(KEY).encoder()
    assert encoder is not None
    last = [layer for layer in encoder.modules() if isinstance(layer, nn.Linear)][-1]
    with torch.no_grad():
        nn.init.zeros_(last.weight)
        last.bias.copy_(torch.tensor(numbers))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_the_value_worked_by_hand(player: str) -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    game = begin(spec_of(codes, MutualInformation(codes={"k": 1, "c": 0.5}))).game
    # Q says: category 0, 1, 2 with 1/8, 2/8, 5/8; the uniform code's mean is 0.5, its variance one.
    fix_q(game, [0.0, math.log(2), math.log(5), 0.5])
    values = {"z": torch.zeros(2, 2), "k": torch.tensor([2, 1]), "c": torch.tensor([0.1, 1.0])}
    asked = ask(game, player, torch.rand(2, 1, 4, 4), values)
    of_category = (math.log(5 / 8) + math.log(2 / 8)) / 2 + math.log(3)
    of_uniform = (-0.5 * 0.4**2 - 0.5 * 0.5**2) / 2 - HALF_LN_2PI + math.log(2)
    assert asked.objective.item() == pytest.approx(-(of_category + 0.5 * of_uniform), abs=1e-6)
    assert asked.reports["k"].item() == pytest.approx(-of_category, abs=1e-6)
    assert asked.reports["c"].item() == pytest.approx(-of_uniform, abs=1e-6)


@pytest.mark.usefixtures("float64")
def test_a_learnt_deviation_and_copies_worked_by_hand() -> None:
    codes: dict[str, Latent] = {"c": Gaussian(learn_std=True, min_std=1.0), "k": Categorical(classes=2, count=2)}
    game = begin(spec_of(codes, MutualInformation(codes={"c": 1, "k": 1}))).game
    # The deviation is 1 + softplus(ln(e - 1)) = 2. The copies: 3/4 on category 1; then 1/2 each.
    fix_q(game, [1.0, math.log(math.e - 1), 0.0, math.log(3), 7.0, 7.0])
    values = {"z": torch.zeros(1, 2), "c": torch.tensor([2.0]), "k": torch.tensor([[1, 0]])}
    asked = ask(game, "discriminator", torch.rand(1, 1, 4, 4), values)
    of_gaussian = -0.5 * (1 / 2) ** 2 - math.log(2) - HALF_LN_2PI + 0.5 * math.log(2 * math.pi * math.e)
    of_copies = math.log(3 / 4) + math.log(1 / 2) + 2 * math.log(2)
    assert asked.reports["c"].item() == pytest.approx(-of_gaussian, abs=1e-6)
    assert asked.reports["k"].item() == pytest.approx(-of_copies, abs=1e-6)
    assert asked.objective.item() == pytest.approx(-of_gaussian - of_copies, abs=1e-6)


def bound_by_torch(latent: Latent, params: Tensor, value: Tensor) -> Tensor:
    """E[log Q] + H, by torch.distributions alone."""
    posterior: distributions.Distribution
    prior: distributions.Distribution
    per_copy = params.view(*value.shape, -1)
    if isinstance(latent, Categorical):
        posterior = distributions.Categorical(logits=per_copy)
        prior = distributions.Categorical(logits=torch.zeros(latent.classes))
    else:
        assert isinstance(latent, (Uniform, Gaussian))
        spread = latent.min_std + torch.log1p(per_copy[..., 1].exp()) if latent.learn_std else torch.ones(())
        posterior = distributions.Normal(per_copy[..., 0], spread)
        prior = (
            distributions.Uniform(latent.low, latent.high)
            if isinstance(latent, Uniform)
            else distributions.Normal(0.0, 1.0)
        )
    likelihood = log_prob(posterior, value) + prior.entropy()  # type: ignore[no-untyped-call]  # torch's is untyped
    assert isinstance(likelihood, Tensor)
    return likelihood.flatten(1).sum(1).mean() if value.dim() > 1 else likelihood.mean()


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("n", [1, 6])
@ALONE_AND_MIXED
def test_the_value_is_that_of_torch_distributions(codes: dict[str, Latent], n: int) -> None:
    weights = {name: 0.3 + 0.5 * place for place, name in enumerate(codes)}
    game = begin(spec_of(codes, MutualInformation(codes=weights))).game
    encoder = game.term(KEY).encoder()
    assert encoder is not None
    for parameter in encoder.parameters():
        nn.init.normal_(parameter)
    fake, values = torch.rand(n, 1, 4, 4), game.latents.sample(n)
    inputs = UpdateInputs(fake, None, values, fake, {}, (KEY,))
    losses: Losses = Update(game.eval(), "discriminator")(inputs)
    # Q's columns are the codes' posteriors side by side, in the order in which they are named.
    columns = torch.cat(list(encoder(DiscriminatorOutput(game.discriminator, fake, {})).values()), dim=1)
    expected, start = torch.zeros(()), 0
    for name, latent in codes.items():
        width = game.latents[name].posterior_width
        bound = bound_by_torch(latent, columns[:, start : start + width], values[name])
        start += width
        assert losses.reports[KEY][name].item() == pytest.approx(-bound.item(), abs=1e-6)
        expected = expected - bound * weights[name]
    assert start == columns.shape[1]
    assert losses.terms[KEY].item() == pytest.approx(expected.item(), abs=1e-6)


def test_a_perfect_q_reaches_the_entropy_and_no_more() -> None:
    # With a softmax before the cross-entropy, ln 3 could not be reached: the best probability would be e / (e + 2).
    game = begin(spec_of({"k": Categorical(classes=3)}, MutualInformation(codes={"k": 1}))).game
    fix_q(game, [0.0, 500.0, 0.0])
    values = {"z": torch.zeros(4, 2), "k": torch.ones(4, dtype=torch.int64)}
    assert ask(game, "discriminator", torch.rand(4, 1, 4, 4), values).objective.item() == pytest.approx(-math.log(3))


def test_a_q_that_knows_nothing_has_a_bound_of_nought() -> None:
    # With the wrong sign on H(c) it would be -2 ln 3.
    game = begin(spec_of({"k": Categorical(classes=3)}, MutualInformation(codes={"k": 1}))).game
    fix_q(game, [4.0, 4.0, 4.0])
    values = {"z": torch.zeros(4, 2), "k": torch.tensor([0, 1, 2, 0])}
    objective = ask(game, "discriminator", torch.rand(4, 1, 4, 4), values).objective
    assert objective.item() == pytest.approx(0.0, abs=1e-6)


def test_a_constant_on_a_categorys_logits_changes_nothing_and_a_factor_does() -> None:
    game = begin(spec_of({"k": Categorical(classes=3)}, MutualInformation(codes={"k": 1}))).game
    values = {"z": torch.zeros(2, 2), "k": torch.tensor([0, 1])}
    found = []
    for numbers in ([0.2, 1.0, -0.4], [3.2, 4.0, 2.6], [2.0, 10.0, -4.0]):
        fix_q(game, numbers)
        found.append(ask(game, "discriminator", torch.rand(2, 1, 4, 4), values).objective.item())
    assert found[1] == pytest.approx(found[0], abs=1e-5)
    assert abs(found[2] - found[0]) > 1


def test_each_codes_weight_is_its_own_and_reports_have_none() -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    fake = torch.rand(4, 1, 4, 4)
    values = {"z": torch.zeros(4, 2), "k": torch.tensor([0, 1, 2, 0]), "c": torch.linspace(-1, 1, 4)}
    reports = []
    for weight_k, weight_c in ((1.0, 1.0), (2.0, 0.1)):
        game = begin(spec_of(codes, MutualInformation(codes={"k": weight_k, "c": weight_c}))).game
        asked = ask(game, "generator", fake, values)
        expected = weight_k * asked.reports["k"] + weight_c * asked.reports["c"]
        assert asked.objective.item() == pytest.approx(expected.item(), abs=1e-6)
        reports.append({name: value.item() for name, value in asked.reports.items()})
    assert reports[0] == reports[1]
    assert set(reports[0]) == {"k", "c"}


def test_latents_that_are_not_named_are_noise() -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    game = begin(spec_of(codes, MutualInformation(codes={"c": 1}))).game
    encoder = game.term(KEY).encoder()
    assert encoder is not None
    assert encoder.codes == ("c",)
    values = game.latents.sample(4)
    fake = torch.rand(4, 1, 4, 4)
    before = ask(game, "discriminator", fake, values).objective
    other = ask(game, "discriminator", fake, {**values, "k": (values["k"] + 1) % 3}).objective
    assert torch.equal(before, other)


# --- Who is trained.


OWNERSHIPS = list(itertools.product(["discriminator", "generator"], [True, False], [True, False]))
OWNERSHIP = pytest.mark.parametrize(("q_player", "train_trunk", "train_generator"), OWNERSHIPS)
MIXED_WEIGHTS = dict.fromkeys(MIXED, 1.0)


def parts(training: Training) -> dict[str, dict[str, nn.Parameter]]:
    """The parameters by what they belong to."""
    game = training.game
    modules = {
        "generator": game.stack,
        "trunk": game.discriminator.trunk,
        "head": game.discriminator.head,
        "q": game.term(KEY),
    }
    found = {part: dict(module.named_parameters()) for part, module in modules.items()}
    assert sum(map(len, found.values())) == len(list(game.parameters()))
    return found


def player(training: Training, name: str) -> Player:
    (found,) = (player for player in training.players if player.name == name)
    return found


def reached(training: Training) -> set[str]:
    """The parts whose weights have a gradient; within a part, all or none."""
    found = set()
    for part, parameters in parts(training).items():
        has = {name: p.grad is not None and bool(p.grad.any()) for name, p in parameters.items()}
        weights = {has[name] for name in has if name.endswith("weight")}
        assert len(weights) == 1, (part, has)
        assert weights == {any(has.values())}
        if True in weights:
            found.add(part)
    return found


def reached_by(player: str, q_player: str, train_trunk: bool, train_generator: bool) -> set[str]:
    """What the fields promise."""
    expected = {"q"} if player == q_player else set()
    if player == "discriminator" and train_trunk:
        expected.add("trunk")
    if player == "generator" and train_generator:
        expected.add("generator")
    return expected


def information_alone(q_player: str, train_trunk: bool, train_generator: bool) -> Training:
    return begin(
        spec_of(
            MIXED,
            MutualInformation.model_validate(
                {
                    "codes": MIXED_WEIGHTS,
                    "q_player": q_player,
                    "train_trunk": train_trunk,
                    "train_generator": train_generator,
                }
            ),
        )
    )


@pytest.mark.parametrize("moving", ["discriminator", "generator"])
@OWNERSHIP
def test_in_each_players_update_gradients_reach_what_the_fields_say_and_nothing_else(
    moving: str, q_player: str, train_trunk: bool, train_generator: bool
) -> None:
    training = information_alone(q_player, train_trunk, train_generator)
    expected = reached_by(moving, q_player, train_trunk, train_generator)
    losses = player(training, moving).update(0, training.feed.batch(0))
    assert (losses is not None) == bool(expected)
    assert reached(training) == expected


@OWNERSHIP
def test_a_whole_step_changes_what_the_fields_say_and_nothing_else(
    q_player: str, train_trunk: bool, train_generator: bool
) -> None:
    training = information_alone(q_player, train_trunk, train_generator)
    before = {part: {name: p.detach().clone() for name, p in of.items()} for part, of in parts(training).items()}
    losses = training.advance()
    expected = {
        name: reached_by(name, q_player, train_trunk, train_generator) for name in ("discriminator", "generator")
    }
    assert set(losses) == {name for name, parts in expected.items() if parts}
    for part, parameters in parts(training).items():
        moved = {name: not torch.equal(p, before[part][name]) for name, p in parameters.items()}
        if part in expected["discriminator"] | expected["generator"]:
            assert all(moved[name] for name in moved if name.endswith("weight")), (part, moved)
        else:
            assert not any(moved.values()), (part, moved)


@OWNERSHIP
def test_an_update_asks_the_term_with_the_right_graph_even_if_everything_could_move(
    q_player: str, train_trunk: bool, train_generator: bool
) -> None:
    # Not the player's choice of parameters but the objective itself cuts the trunk off, and the generator.
    training = information_alone(q_player, train_trunk, train_generator)
    game = training.game.requires_grad_()
    values = game.latents.sample(4)
    inputs = UpdateInputs(torch.zeros(4, 1, 4, 4), None, values, None, {}, (KEY,))
    for moving, lets_through in (("discriminator", train_trunk), ("generator", train_generator)):
        if game.term(KEY).has_objective_for(moving):
            game.zero_grad()
            losses: Losses = Update(game, moving)(inputs)
            torch.autograd.backward(losses.terms[KEY])
            assert reached(training) == ({"q", "trunk", "generator"} if lets_through else {"q"})


@OWNERSHIP
def test_q_belongs_to_the_optimiser_of_its_player_alone(
    q_player: str, train_trunk: bool, train_generator: bool
) -> None:
    training = information_alone(q_player, train_trunk, train_generator)
    q = {id(parameter) for parameter in parts(training)["q"].values()}
    for moving in training.players:
        optimised = {id(p) for group in moving.optimizer.param_groups for p in group["params"]}
        assert (q <= optimised) == (moving.name == q_player)
        assert bool(q & optimised) == (moving.name == q_player)


@OWNERSHIP
def test_the_term_is_in_no_objective_that_it_cannot_move(
    q_player: Literal["discriminator", "generator"], train_trunk: bool, train_generator: bool
) -> None:
    declared = MutualInformation(
        codes={"c": 1}, q_player=q_player, train_trunk=train_trunk, train_generator=train_generator
    )
    for moving, losses in begin(spec_of({"c": Uniform()}, declared, NonSaturating())).advance().items():
        assert (KEY in losses.terms) == bool(reached_by(moving, q_player, train_trunk, train_generator))


def test_by_default_the_term_is_in_both_objectives_and_the_discriminator_trains_q_and_the_trunk() -> None:
    declared = MutualInformation(codes={"c": 1})
    assert (declared.q_player, declared.train_trunk, declared.train_generator) == ("discriminator", True, True)
    training = begin(spec_of({"c": Uniform()}, declared, NonSaturating()))
    assert {name: set(losses.terms) for name, losses in training.advance().items()} == {
        "discriminator": {KEY, "non-saturating"},
        "generator": {KEY, "non-saturating"},
    }


def test_the_information_gradient_on_the_trunk_is_not_lost_to_the_adversarial_one() -> None:
    # The oldest mistake of re-implementations: the trunk's information gradient is zeroed before its step.
    gradients = []
    for train_trunk in (True, False):
        information = MutualInformation(codes={"k": 1}, train_trunk=train_trunk, train_generator=False)
        training = begin(spec_of({"k": Categorical(classes=3)}, NonSaturating(), information))
        torch.manual_seed(0)
        player(training, "discriminator").update(0, training.feed.batch(0))
        gradients.append({name: p.grad for name, p in parts(training)["trunk"].items()})
    assert gradients[0].keys() == gradients[1].keys() != set()
    for name, gradient in gradients[0].items():
        other = gradients[1][name]
        assert gradient is not None
        assert other is not None
        assert not torch.allclose(gradient, other)


@pytest.mark.parametrize("q_player", ["discriminator", "generator"])
def test_training_by_it_raises_the_bound(q_player: Literal["discriminator", "generator"]) -> None:
    declared = MutualInformation(codes={"k": 1}, q_player=q_player)
    training = begin(spec_of({"k": Categorical(classes=3)}, declared, batch_size=32))
    bounds = [-float(training.advance()["generator"].reports[KEY]["k"]) for _ in range(60)]
    assert bounds[0] < 0.6
    assert 0.8 < bounds[-1] < math.log(3) + 1e-6


# --- What it can be put together with.


@pytest.mark.parametrize("batch_size", [1, 2])
@ALONE_AND_MIXED
def test_every_code_alone_and_all_together_train_in_batches_of_any_size(
    codes: dict[str, Latent], batch_size: int
) -> None:
    losses = (NonSaturating(), MutualInformation(codes=dict.fromkeys(codes, 1.0)))
    assert_trains(begin(spec_of(codes, *losses, batch_size=batch_size)), set(codes))


@pytest.mark.parametrize("batch_size", [1, 2])
def test_the_papers_networks_train_in_batches_of_any_size(batch_size: int) -> None:
    spec = spec_of(
        MIXED,
        NonSaturating(),
        MutualInformation(codes=MIXED_WEIGHTS),
        data=Tiny(side=28),
        batch_size=batch_size,
        generator=InfoGANMnistGenerator(width=0.03),
        trunk=InfoGANMnistTrunk(width=0.03),
    )
    assert_trains(begin(spec), set(MIXED))


def assert_trains(training: Training, codes: set[str]) -> None:
    before = {name: p.detach().clone() for name, p in training.game.named_parameters()}
    for _ in range(2):
        for losses in training.advance().values():
            assert all(value.isfinite() for value in losses.terms.values())
            assert set(losses.reports[KEY]) == codes
    for name, parameter in training.game.named_parameters():
        assert parameter.isfinite().all()
        if name.endswith("weight"):
            assert not torch.equal(parameter, before[name]), name


def test_several_terms_recover_codes_of_their_own() -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    training = begin(spec_of(codes, MutualInformation(codes={"k": 1}), MutualInformation(codes={"c": 1})))
    reports = training.advance()["discriminator"].reports
    assert {term: set(of) for term, of in reports.items()} == {KEY: {"k"}, f"{KEY}-again-1": {"c"}}
    assert training.model().codes == ("k", "c")


@pytest.mark.parametrize(("hidden", "layers"), [(9, [(5, 9), (9, 4)]), (None, [(5, 4)])])
def test_q_has_one_hidden_layer_or_none(hidden: int | None, layers: list[tuple[int, int]]) -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    training = begin(spec_of(codes, MutualInformation(codes={"k": 1, "c": 1}, hidden=hidden)))
    encoder = training.game.term(KEY).encoder()
    assert encoder is not None
    linear = [layer for layer in encoder.modules() if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == layers
    assert set(training.advance()) == {"discriminator", "generator"}


def test_q_is_as_in_the_papers_table() -> None:
    # FC 128, batch norm, leaky ReLU, FC out: 10 logits and 2 means of the 1,024 features.
    codes: dict[str, Latent] = {"category": Categorical(classes=10), "c1": Uniform(), "c2": Uniform()}
    spec = spec_of(
        codes,
        MutualInformation(codes=dict.fromkeys(codes, 1.0)),
        data=Tiny(side=28),
        generator=InfoGANMnistGenerator(width=0.03),
        trunk=InfoGANMnistTrunk(),
    )
    encoder = begin(spec).game.term(KEY).encoder()
    assert encoder is not None
    leaves = [layer for layer in encoder.modules() if not list(layer.children())]
    assert [type(layer).__name__ for layer in leaves] == ["Linear", "BatchNorm1d", "LeakyReLU", "Linear"]
    counts = [sum(p.numel() for p in layer.parameters()) for layer in leaves]
    assert counts == [1024 * 128 + 128, 2 * 128, 0, 128 * 12 + 12]
    activation = leaves[2]
    assert activation(torch.tensor(-1.0)).item() == pytest.approx(-0.1)


# --- Images changed before Q reads them.


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
    inputs = UpdateInputs(torch.rand(4, 1, 4, 4), None, values, fake, {}, ("non-saturating", KEY))
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
    inputs = UpdateInputs(torch.rand(4, 1, 4, 4), None, values, fake, {}, ("non-saturating", KEY))
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
        Update(game, player)(UpdateInputs(torch.rand(6, 1, 28, 28), None, values, fake, {}, (KEY,)))
    plain, changed = (dict(game.named_buffers()) for game in games)
    statistics = [name for name in plain if name.endswith(("running_mean", "running_var"))]
    assert len(statistics) == 6  # of the trunk's two batch norms and of Q's
    for name in statistics:
        assert not torch.equal(plain[name], before[name]), name
        assert torch.equal(plain[name], changed[name]), name


def test_gradients_pass_through_the_changes_to_generator_trunk_and_q() -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    affine = Affine(rotate=10, shear=0.2, scale=0.1, shift=0.1)
    training = begin(spec_of(codes, MutualInformation(codes={"k": 1, "c": 1}, augment=[affine])))
    before = {name: parameter.detach().clone() for name, parameter in training.game.named_parameters()}
    training.advance()
    moved = {name for name, parameter in training.game.named_parameters() if not torch.equal(parameter, before[name])}
    assert moved == {name for name in before if not name.startswith("discriminator.head")}


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


# --- Mistakes in a spec.


def test_a_code_that_no_latent_defines_is_a_placed_problem_with_the_nearest_name() -> None:
    codes: dict[str, Latent] = {"category": Categorical(classes=3), "c1": Uniform()}
    spec = spec_of(codes, NonSaturating(), MutualInformation(codes={"category": 1, "c3": 1, "categry": 1}))
    places = {str(problem).split(":")[0]: problem.message for problem in spec.problems()}
    assert set(places) == {"losses[1].codes.c3", "losses[1].codes.categry"}
    assert "no latent is called 'c3'; did you mean 'c1'?" in places["losses[1].codes.c3"]
    assert "no latent is called 'categry'; did you mean 'category'?" in places["losses[1].codes.categry"]


def test_codes_that_latents_define_are_no_problem() -> None:
    assert spec_of(MIXED, MutualInformation(codes=MIXED_WEIGHTS)).problems() == []


@pytest.mark.parametrize(
    "wrong",
    [{"codes": {}}, {"codes": {"c": 0}}, {"codes": {"c": -1}}, {"codes": {"c": 1}, "q_player": "nobody"}, {}],
)
def test_a_declaration_without_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MutualInformation.model_validate(wrong)


def test_a_mistake_in_a_spec_file_is_placed_within_its_loss() -> None:
    content = {
        "name": "small",
        "data": {"type": "mnist-5k"},
        "latents": {"c": {"type": "uniform"}},
        "generator": {"type": "mlp"},
        "discriminator": {"trunk": {"type": "mlp"}, "head": {"type": "linear"}},
        "losses": [{"type": "non-saturating"}, {"type": KEY, "codes": {"c": -1}, "train_trunks": True}],
        "optimizers": {},
        "train": {"steps": 1},
    }
    with pytest.raises(SpecError, match=r"losses\[1\]\.train_trunks: .*did you mean 'train_trunk'\?"):
        read_spec(content)
