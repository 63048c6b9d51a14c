import copy
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gan_run import Discriminator, ImageSet, ImageShape, Model, NotFoundByName, StackedTrunk, to_float
from gan_run.core.engine.training import Training
from gan_run.core.kinds import model as model_module
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.networks.dcgan.networks import DCGANGenerator, DCGANTrunk
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.networks.infogan_networks.mnist import InfoGANMnistGenerator, InfoGANMnistTrunk
from gan_run.testing import fake_model

Start = Callable[..., Training]


@pytest.fixture
def model(start: Start) -> Model:
    return start().model()


@pytest.fixture
def normalising(start: Start, tiny: Callable[..., object]) -> Training:
    """A game with batch norms in both networks, 12x12 images, a step into its training."""
    trunk = Discriminator(trunk=DCGANTrunk(width=0.1), head=Linear())
    training = start(data=tiny(side=12), generator=DCGANGenerator(width=0.1), discriminator=trunk)
    training.advance()
    return training


@pytest.fixture
def normalising_vectors(start: Start, tiny: Callable[..., object]) -> Model:
    """A model whose batch norms see vectors, of which one alone has no variance."""
    trunk = Discriminator(trunk=InfoGANMnistTrunk(width=0.03), head=Linear())
    return start(data=tiny(side=28), generator=InfoGANMnistGenerator(width=0.03), discriminator=trunk).model()


def images(n: int, side: int = 8) -> Tensor:
    return torch.rand(n, 1, side, side) * 2 - 1


def test_it_is_shown_by_its_images_latents_and_codes(model: Model) -> None:
    assert repr(model) == (
        "Model(images: 8x8, 1 channel(s); latents: z (3), category, c, d (2); codes: category, c, d)"
    )


def test_a_draw_holds_the_codes_that_are_given_and_draws_the_rest(model: Model) -> None:
    values = model.sample_latents(20, {"category": 3, "c": 0.25, "d[1]": -2})
    assert values["category"].tolist() == [3] * 20
    assert values["c"].tolist() == [0.25] * 20
    assert values["d"][:, 1].tolist() == [-2.0] * 20
    assert len(set(values["d"][:, 0].tolist())) == 20
    assert len(set(values["z"].flatten().tolist())) == 60


def test_samples_are_images_of_the_codes_that_are_held(model: Model) -> None:
    torch.manual_seed(1)
    expected = model.generate(model.sample_latents(6, {"category": 2, "c": 0.5, "d[0]": 1}))
    torch.manual_seed(1)
    found = model.sample(6, codes={"d[0]": 1}, category=2, c=0.5)
    assert found.shape == (6, 1, 8, 8)
    assert torch.equal(found, expected)
    assert found.abs().max() <= 1


def test_holding_a_code_changes_images_by_that_code_alone(model: Model) -> None:
    assert not torch.equal(model.sample(4, seed=0, category=0), model.sample(4, seed=0, category=1))
    drawn = model.sample_latents(1)
    category = int(drawn["category"])
    torch.manual_seed(2)
    free = model.sample_latents(1)
    torch.manual_seed(2)
    held = model.sample_latents(1, {"category": category})
    assert all(torch.equal(free[name], held[name]) for name in free if name != "category")


def test_a_seed_makes_samples_reproducible(model: Model) -> None:
    assert torch.equal(model.sample(4, seed=7), model.sample(4, seed=7))
    assert not torch.equal(model.sample(4, seed=7), model.sample(4, seed=8))


def test_a_seed_leaves_the_global_stream_alone(model: Model) -> None:
    before = torch.get_rng_state()
    model.sample(4, seed=7)
    assert torch.equal(torch.get_rng_state(), before)


def test_without_a_seed_samples_come_from_the_global_stream(model: Model) -> None:
    torch.manual_seed(3)
    first, second = model.sample(4), model.sample(4)
    assert not torch.equal(first, second)
    torch.manual_seed(3)
    assert torch.equal(model.sample(4), first)


@pytest.mark.parametrize("name", ["categry", "d", "d[2]", "c[0]"])
def test_a_code_that_is_not_there_is_answered_with_those_that_are(model: Model, name: str) -> None:
    expected = r"d has 2 copies, d\[0\] to d\[1\]" if name.startswith("d") else r"there is: c, category, d, z"
    with pytest.raises(NotFoundByName, match=rf"no latent is called .*{expected}"):
        model.sample(2, codes={name: 0})


def test_a_code_that_is_given_twice_is_refused(model: Model) -> None:
    with pytest.raises(ValueError, match=r"^c: given in `codes` and as a keyword"):
        model.sample(2, codes={"c": 0.1}, c=0.2)


@pytest.mark.parametrize("number", [-1, 4, 0.5, math.inf, math.nan])
def test_a_category_out_of_range_is_refused_by_name(model: Model, number: float) -> None:
    with pytest.raises(ValueError, match=r"^category=.* is not a category: they are 0 to 3"):
        model.sample(2, category=number)


@pytest.mark.parametrize("n", [0, -1])
def test_no_images_cannot_be_drawn(model: Model, n: int) -> None:
    with pytest.raises(ValueError, match=f"n: {n} images"):
        model.sample(n)


def test_codes_are_what_the_losses_encoders_recover(model: Model, start: Start) -> None:
    assert model.codes == ("category", "c", "d")
    plain = start(losses=[NonSaturating()]).model()
    assert plain.codes == ()
    assert plain.encode(images(2)) == {}


@pytest.mark.parametrize("n", [1, 5])
def test_encoding_gives_one_value_of_every_code_per_image(model: Model, n: int) -> None:
    codes = model.encode(images(n))
    assert {name: tuple(value.shape) for name, value in codes.items()} == {"category": (n,), "c": (n,), "d": (n, 2)}
    assert codes["category"].dtype == torch.int64
    assert set(codes["category"].tolist()) <= {0, 1, 2, 3}


def test_encoding_gives_the_likeliest_values_of_what_q_says(model: Model) -> None:
    batch = images(6)
    params, codes = model.posterior_params(batch), model.encode(batch)
    assert {name: tuple(value.shape) for name, value in params.items()} == {
        "category": (6, 4),
        "c": (6, 1),
        "d": (6, 2),
    }
    assert torch.equal(codes["category"], params["category"].argmax(1))
    assert torch.equal(codes["c"], params["c"][:, 0])
    assert torch.equal(codes["d"], params["d"])


def test_encoding_an_image_depends_on_no_other(normalising: Training) -> None:
    model = normalising.model()
    batch = images(4, side=12)
    torch.testing.assert_close(
        model.posterior_params(batch)["category"][2:3], model.posterior_params(batch[2:3])["category"]
    )


def test_features_are_the_trunks(model: Model, start: Start) -> None:
    training, batch = start(), images(3)
    expected = training.game.discriminator.trunk(batch).vector
    torch.testing.assert_close(training.model().features(batch), expected)


@pytest.mark.parametrize(
    "wrong",
    [
        torch.zeros(8, 8),
        torch.zeros(2, 3, 8, 8),
        torch.zeros(2, 1, 8, 9),
        torch.zeros(2, 1, 8, 8, dtype=torch.int32),
    ],
)
def test_images_of_another_shape_or_type_are_refused_with_what_is_needed(model: Model, wrong: Tensor) -> None:
    for look in (model.encode, model.posterior_params, model.features):
        with pytest.raises(ValueError, match=r"images: float \(N, 1, 8, 8\) in \[-1, 1\], or uint8 .* is needed"):
            look(wrong)


def test_many_images_go_through_in_pieces_with_the_same_result(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    values, batch = model.sample_latents(7), images(7)
    whole = model.generate(values), model.posterior_params(batch)["c"], model.features(batch)
    monkeypatch.setattr(model_module, "CHUNK", 3)
    for found, expected in zip(
        (model.generate(values), model.posterior_params(batch)["c"], model.features(batch)), whole, strict=True
    ):
        torch.testing.assert_close(found, expected)


def test_images_are_drawn_by_the_average_where_there_is_one(start: Start) -> None:
    averaged, plain = start(train={"ema": 0.9}), start(train={"ema": None})
    for training in (averaged, plain):
        training.advance()
        training.advance()
    assert averaged.ema is not None
    values = averaged.model().sample_latents(3)
    with torch.no_grad():
        by_average, by_game = averaged.ema.stack(values), averaged.game.stack(values)
    assert not torch.equal(by_average, by_game)
    torch.testing.assert_close(averaged.model().generate(values), by_average)
    torch.testing.assert_close(plain.model().generate(values), by_game)


def test_a_model_is_a_copy_that_training_does_not_reach(normalising: Training) -> None:
    model = normalising.model()
    values, batch = model.sample_latents(3), images(3, side=12)
    before = model.generate(values), model.posterior_params(batch)["c"]
    normalising.advance()
    assert torch.equal(model.generate(values), before[0])
    assert torch.equal(model.posterior_params(batch)["c"], before[1])


def test_looking_changes_no_buffer_and_no_mode_of_the_game(normalising: Training) -> None:
    before = {name: value.clone() for name, value in normalising.game.state_dict().items()}
    model = normalising.model()
    model.encode(model.sample(4))
    model.with_batch_statistics.encode(model.with_batch_statistics.sample(4))
    assert all(torch.equal(value, before[name]) for name, value in normalising.game.state_dict().items())
    assert all(module.training for module in normalising.game.modules())
    assert all(parameter.requires_grad for parameter in normalising.game.stack.parameters())


def test_batch_statistics_are_those_of_training(normalising: Training) -> None:
    model = normalising.model()
    training = copy.deepcopy(normalising.game).train()
    values, batch = model.sample_latents(5), images(5, side=12)
    with torch.no_grad():
        torch.testing.assert_close(model.with_batch_statistics.generate(values), training.stack(values))
        expected = training.discriminator.trunk(batch).vector
    torch.testing.assert_close(model.with_batch_statistics.features(batch), expected)
    assert not torch.allclose(model.features(batch), expected)


def test_the_variant_with_batch_statistics_leaves_the_original_and_itself_as_they_were(normalising: Training) -> None:
    model = normalising.model()
    values, batch = model.sample_latents(5), images(5, side=12)
    before = model.generate(values), model.posterior_params(batch)["c"]
    variant = model.with_batch_statistics
    first = variant.generate(values), variant.posterior_params(batch)["c"]
    variant.generate(model.sample_latents(9))
    variant.posterior_params(images(9, side=12))
    assert torch.equal(model.generate(values), before[0])
    assert torch.equal(model.posterior_params(batch)["c"], before[1])
    assert torch.equal(variant.generate(values), first[0])
    assert torch.equal(variant.posterior_params(batch)["c"], first[1])


def test_batch_statistics_take_a_single_image(normalising_vectors: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    # One alone has none of its own, whether it comes alone or is the last piece of many.
    variant = normalising_vectors.with_batch_statistics
    single = images(1, side=28)
    assert variant.sample(1).shape == (1, 1, 28, 28)
    before = variant.posterior_params(single)["c"]
    variant.posterior_params(images(5, side=28))
    assert torch.equal(variant.posterior_params(single)["c"], before)
    monkeypatch.setattr(model_module, "CHUNK", 3)
    assert variant.encode(images(4, side=28))["c"].shape == (4,)


def test_a_model_is_in_evaluation_mode(normalising: Training) -> None:
    trunk = normalising.game.discriminator.trunk
    assert isinstance(trunk, StackedTrunk)
    trunk.stages.append(nn.Dropout())
    model = normalising.model()
    batch = images(3, side=12)
    assert torch.equal(model.posterior_params(batch)["c"], model.posterior_params(batch)["c"])


@pytest.mark.parametrize(
    ("side", "images_at_once", "latents_at_once"),
    [(28, 500, 250), (32, 500, 250), (64, 500, 250), (128, 125, 125), (256, 31, 31), (4096, 2, 2)],
)
def test_fewer_large_images_go_through_a_network_at_once(side: int, images_at_once: int, latents_at_once: int) -> None:
    image = ImageShape(3, side, side)
    assert model_module.chunk_size(image, model_module.CHUNK) == images_at_once
    assert model_module.chunk_size(image, model_module.STATISTICS_BATCH) == latents_at_once


class LargestBatch(nn.Module):
    """Counts the images of the largest batch."""

    largest = 0

    def forward(self, values: Tensor) -> Tensor:
        LargestBatch.largest = max(len(values), LargestBatch.largest)
        return values[:, :1, None, None].expand(-1, 1, 1024, 1024)


def test_a_model_of_large_images_generates_few_at_once() -> None:
    model = fake_model({"z": {"type": "gaussian"}}, LargestBatch(), {})
    assert model.chunk_size == 2
    assert model.sample(5).shape == (5, 1, 1024, 1024)
    assert LargestBatch.largest == 2


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_split_is_encoded_in_its_own_order(model: Model, monkeypatch: pytest.MonkeyPatch, shuffle: bool) -> None:
    pixels = torch.randint(0, 256, (7, 1, 8, 8), dtype=torch.uint8)
    expected = model.encode(to_float(pixels))
    monkeypatch.setattr(model_module, "CHUNK", 3)
    found = model.encode_set(ImageSet(pixels, mirrored=True), shuffle)
    assert found.keys() == expected.keys()
    for code, values in expected.items():
        torch.testing.assert_close(found[code], values)


def test_a_split_is_encoded_in_equal_chunks_that_shuffling_draws_at_random(normalising: Training) -> None:
    model = normalising.model().with_batch_statistics
    pixels = torch.randint(0, 256, (501, 1, 12, 12), dtype=torch.uint8)
    in_order = model.encode_set(ImageSet(pixels))["c"]
    halves = [model.encode(to_float(half))["c"] for half in torch.tensor_split(pixels, 2)]
    torch.testing.assert_close(in_order, torch.cat(halves))
    assert not torch.allclose(model.encode_set(ImageSet(pixels), shuffle=True)["c"], in_order)
