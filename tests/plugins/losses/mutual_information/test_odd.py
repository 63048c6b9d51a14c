"""Odd codes: of a mirrored image Q has to read the opposite value."""

import math

import pytest
import torch
from torch import Tensor

from gan_run import Latent, LatentContext
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.circular import Circular
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.losses.mutual_information.odd import SomeMirrored, of_some_mirrored, opposite
from small_information import HALF_LN_2PI, Tiny, ask, begin, fix_q, spec_of


def mirrored(images: Tensor) -> Tensor:
    """The images (N, C, H, W), of which the second, the fourth … are mirrored."""
    return torch.stack([image.flip(-1) if row % 2 else image for row, image in enumerate(images)])


def test_every_second_image_is_mirrored() -> None:
    images = torch.rand(5, 2, 3, 4)
    assert torch.equal(SomeMirrored()(images), mirrored(images))


@pytest.mark.parametrize(
    ("latent", "value", "other"),
    [
        (Uniform(), 0.3, -0.3),
        (Uniform(low=0, high=4), 1.0, 3.0),
        (Gaussian(mean=1, std=2), 4.0, -2.0),
        (Circular(), 2.0, -2.0),
    ],
)
def test_opposite_values(latent: Latent, value: float, other: float) -> None:
    module = latent.module(LatentContext(Tiny().describe()))
    assert opposite(module, torch.tensor([value, other])).tolist() == pytest.approx([other, value])
    assert of_some_mirrored(module, torch.tensor([value] * 3)).tolist() == pytest.approx([value, other, value])


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_the_value_worked_by_hand(player: str) -> None:
    game = begin(spec_of({"c": Uniform(), "d": Uniform()}, MutualInformation(codes={"c": 1, "d": 2}, odd=("c",)))).game
    fix_q(game, [0.5, 0.25])  # the means, whatever the image; the variances are one
    values = {"z": torch.zeros(2, 2), "c": torch.tensor([0.1, 1.0]), "d": torch.tensor([0.0, 0.75])}
    asked = ask(game, player, torch.rand(2, 1, 4, 4), values)
    of_c = (-0.5 * 0.4**2 - 0.5 * 1.5**2) / 2 - HALF_LN_2PI + math.log(2)  # of the second image -1
    of_d = (-0.5 * 0.25**2 - 0.5 * 0.5**2) / 2 - HALF_LN_2PI + math.log(2)
    assert asked.reports["c"].item() == pytest.approx(-of_c, abs=1e-6)
    assert asked.reports["d"].item() == pytest.approx(-of_d, abs=1e-6)
    assert asked.objective.item() == pytest.approx(-(of_c + 2 * of_d), abs=1e-6)


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_it_is_the_plain_term_of_mirrored_images_and_opposite_values(player: str) -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform(count=2)}
    plain, odd = (
        begin(spec_of(codes, MutualInformation(codes={"k": 1, "c": 1}, odd=names))).game for names in ((), ("c",))
    )
    odd.load_state_dict(plain.state_dict())
    fake, values = torch.rand(5, 1, 4, 4), plain.latents.sample(5)
    signs = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0])[:, None]
    expected = ask(plain, player, mirrored(fake), {**values, "c": values["c"] * signs})
    assert ask(odd, player, fake, values).objective.item() == pytest.approx(expected.objective.item())


def test_an_even_property_cannot_be_an_odd_code() -> None:
    # Images that are their own mirror images: Q cannot tell a value from its opposite.
    torch.manual_seed(0)
    game = begin(spec_of({"c": Uniform()}, MutualInformation(codes={"c": 1}, odd=("c",)))).game
    values = game.latents.sample(400)
    symmetric = values["c"].view(400, 1, 1, 1).expand(400, 1, 4, 4)
    optimizer = torch.optim.Adam(game.parameters(), lr=0.01)
    for _ in range(200):
        objective = ask(game, "discriminator", symmetric, values).objective
        optimizer.zero_grad()
        objective.backward()
        optimizer.step()
    nothing = 0.5 * (1 / 3) + HALF_LN_2PI - math.log(2)  # the best that a constant mean of 0 gives
    assert ask(game, "discriminator", symmetric, values).objective.item() == pytest.approx(nothing, abs=0.02)


def test_what_is_odd_is_a_code_of_the_entry_with_opposite_values() -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    elsewhere = spec_of(codes, MutualInformation(codes={"k": 1}, odd=("c",)))
    assert [str(problem) for problem in elsewhere.problems()] == ["losses[0].odd[0]: 'c' is not in codes: k"]
    category = spec_of(codes, MutualInformation(codes={"k": 1, "c": 1}, odd=("c", "k")))
    problems = category.data_problems(category.data.describe())
    assert [str(problem) for problem in problems] == [
        "losses[0].odd[1]: 'k' has no opposite values: a number or an angle has"
    ]
