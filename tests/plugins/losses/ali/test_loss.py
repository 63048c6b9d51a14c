"""An encoder of the noise, trained by the game of pairs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_run import RunOptions, SpecError, load, read_spec, train
from gan_run.core.engine.training import Training, read_scalars
from gan_run.core.engine.update import sample_inputs
from gan_run.core.kinds.update_context import UpdateContext
from gan_run.registry.plugins import Registry

Small = Callable[..., Mapping[str, Any]]
Z = {"type": "gaussian", "count": 4, "learn_std": True}
NETWORK = {"type": "mlp", "hidden": [9]}
JOINT = {"type": "joint", "hidden": [7]}


def spec_of(small: Small, *losses: Mapping[str, object], **fields: object) -> dict[str, Any]:
    judge = {"trunk": {"type": "mlp", "hidden": [10]}, "head": JOINT, **fields.pop("judge", {})}  # type: ignore[dict-item]
    ali = {"type": "ali", "network": NETWORK, **fields.pop("ali", {})}  # type: ignore[dict-item]
    adversarial = losses or ({"type": "non-saturating"},)
    return {**small(), "latents": {"z": Z}, "discriminator": judge, "losses": [*adversarial, ali], **fields}


def begin(spec: Mapping[str, Any], registry: Registry) -> Training:
    read = read_spec(spec, registry=registry)
    return Training(read, read.data.describe(), read.data.open("train"))


def update_of(training: Training, player: str, *terms: str) -> tuple[UpdateContext, Callable[[str], Tensor]]:
    game, batch = training.game, training.feed.batch(0)
    inputs = sample_inputs(game, player, batch, terms, generates=player == "generator")
    update = UpdateContext(game.stack, game.discriminator, inputs, game.term("ali").observe)

    def objective(key: str) -> Tensor:
        with update.for_term(key):
            return game.term(key).objective(player, update)

    return update, objective


def trained(training: Training, value: Tensor) -> set[str]:
    """The parts of the game that have a gradient of `value`."""
    names, parameters = zip(*training.game.named_parameters(), strict=True)
    found = torch.autograd.grad(value, parameters, allow_unused=True, retain_graph=True)
    at = [name for name, gradient in zip(names, found, strict=True) if gradient is not None and bool(gradient.any())]
    return {".".join(name.split(".")[:2]) for name in at}


def test_d_sees_pairs_of_images_and_inferred_noise(small: Small, registry: Registry) -> None:
    training = begin(spec_of(small, ali={"stochastic": False}), registry)
    update, _ = update_of(training, "discriminator", "non-saturating")
    inference = training.game.term("ali").encoder()
    assert inference is not None
    params = inference(update.real_output)["z"]
    assert params.shape == (8, 8)  # of four copies, a mean and a standard deviation each
    expected = params.view(8, 4, 2)[..., 0]
    torch.testing.assert_close(update.observed["z"], expected)
    pairs = torch.cat([update.real_output.features.vector, expected], dim=1)
    logits = training.game.discriminator.head.layers(pairs).flatten()
    torch.testing.assert_close(update.real_output.logits, logits)


def test_inferred_noise_is_drawn_about_its_mean(small: Small, registry: Registry) -> None:
    training = begin(spec_of(small), registry)
    update, _ = update_of(training, "discriminator", "non-saturating")
    inference = training.game.term("ali").encoder()
    assert inference is not None
    params = inference(update.real_output)["z"]
    posterior = training.game.latents["z"].posterior(params)
    standard = (update.observed["z"] - posterior.mean) / posterior.stddev
    assert 0.5 < standard.std() < 1.5


def test_the_encoders_objective_by_hand_and_who_learns_by_it(small: Small, registry: Registry) -> None:
    for objective, by_hand in (("non-saturating", lambda x: softplus(x).mean()), ("linear", lambda x: x.mean())):
        training = begin(spec_of(small, ali={"objective": objective}), registry)
        update, value_of = update_of(training, "generator", "ali", "non-saturating")
        value = value_of("ali")
        assert value.item() == pytest.approx(by_hand(update.real_output.logits).item())
        assert trained(training, value) == {"terms.ali", "discriminator.trunk", "discriminator.head"}
        assert "terms.ali" not in trained(training, value_of("non-saturating"))
    assert training.game.owned()["generator"].keys() >= {"terms.ali.inference.layer.weight"}


def test_an_update_of_d_moves_neither_g_nor_the_encoder(small: Small, registry: Registry) -> None:
    training = begin(spec_of(small), registry)
    before = {name: value.detach().clone() for name, value in training.game.named_parameters()}
    from gan_run import Progress

    players = {player.name: player for player in training.players}
    players["discriminator"].update(Progress(0, 6), training.feed.batch(0))
    moved = {name for name, value in training.game.named_parameters() if not torch.equal(value, before[name])}
    assert {name.split(".")[0] for name in moved} == {"discriminator"}
    players["generator"].update(Progress(0, 6), training.feed.batch(0))
    moved = {name for name, value in training.game.named_parameters() if not torch.equal(value, before[name])}
    assert {name.split(".")[0] for name in moved} == {"discriminator", "stack", "terms"}


def test_a_penalty_holds_the_inferred_noise(small: Small, registry: Registry) -> None:
    """R1's gradient is that of D at the image, not that of E as well."""
    training = begin(spec_of(small, {"type": "non-saturating"}, {"type": "r1"}, ali={"stochastic": False}), registry)
    update, _ = update_of(training, "discriminator", "non-saturating", "r1")
    held = {"z": update.observed["z"].detach()}
    images = update.real.detach().clone().requires_grad_()
    (expected,) = torch.autograd.grad(update.discriminate(images, held).logits.sum(), images)
    torch.testing.assert_close(update.real_output.gradients, expected)


@pytest.mark.parametrize(
    "losses",
    [
        [{"type": "hinge"}, {"type": "r1", "every": 2}],
        [{"type": "wasserstein"}, {"type": "gradient-penalty"}],
        [{"type": "relativistic"}, {"type": "r2"}, {"type": "r1"}],
        [{"type": "least-squares"}, {"type": "dragan"}, {"type": "lecam"}, {"type": "feature-matching"}],
    ],
    ids=["hinge-r1", "wgan-gp", "r3gan", "lsgan"],
)
@pytest.mark.parametrize("head", [JOINT, {"type": "projection", "on": "z"}], ids=["joint", "projection"])
def test_it_works_with_losses_penalties_and_augmentations(
    small: Small, registry: Registry, losses: list[dict[str, object]], head: dict[str, object]
) -> None:
    augment = [{"type": "ada", "start": 0.5, "pipe": ["blit"], "speed": 0}]
    training = begin(spec_of(small, *losses, judge={"head": head, "augment": augment}), registry)
    for _ in range(2):
        found = read_scalars(training.advance())
    assert all(torch.isfinite(torch.tensor(value)) for value in found.values())


def test_a_trained_model_encodes_by_it_and_reconstructs(small: Small, registry: Registry, tmp_path: Path) -> None:
    metrics, artifacts = [{"type": "reconstruction"}], [{"type": "reconstructions"}]
    spec = spec_of(small, metrics=metrics, artifacts=artifacts)
    run = train(spec, tmp_path, options=RunOptions(registry=registry))
    model = load(run, registry=registry)
    images = torch.rand(3, 1, 8, 8) * 2 - 1
    assert model.codes == ("z",)
    assert model.encode(images)["z"].shape == (3, 4)
    torch.testing.assert_close(model.reconstruct(images), model.generate(model.encode(images)))
    assert len(list((run / "reconstructions").glob("*.png"))) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"losses": [{"type": "hinge"}]}, r"head\.on\[0\]: 'z' has no known value on real images"),
        ({"ali": {"latents": ["zz"]}}, r"losses\[1\]\.latents\[0\]: no latent is called 'zz'"),
    ],
)
def test_mistakes_are_refused(small: Small, registry: Registry, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read_spec(spec_of(small, **changes), registry=registry)


def test_what_cannot_be_inferred_is_refused(small: Small, registry: Registry) -> None:
    latents = {"z": Z, "category": {"type": "categorical", "classes": 3}, "label": {"type": "label"}}
    spec = read_spec(
        spec_of(small, latents=latents, ali={"latents": ["category"]}, judge={"head": {"type": "linear"}}),
        registry=registry,
    )
    (problem,) = spec.data_problems(spec.data.describe())
    assert str(problem) == "losses[1].latents[0]: 'category' is no continuous latent by itself that can be inferred"
