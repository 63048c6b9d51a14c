"""Latents that reproduce images, of networks whose answer is known."""

import math

import pytest
import torch
from torch import Tensor, nn

from gan_run import DataInfo, Features, ImageShape, LatentContext, LatentModule, LatentSpace, TrunkModule
from gan_run.core.kinds.encoding import Encoding
from gan_run.core.kinds.inversion import Found, Inverter
from gan_run.core.kinds.inversion_starts import likeliest
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.circular import Circular
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.uniform import Uniform

CONTEXT = LatentContext(DataInfo(ImageShape(1, 6, 6), {"train": 1}))


class Triangular(LatentModule):
    """A third party's noise: a sum of two uniform numbers, of large unit, and nothing that a latent need not have."""

    width = 1

    def sample(self, n: int) -> Tensor:
        return 100 * torch.rand(2, n, device=self.device).sum(dim=0)

    def embed(self, value: Tensor) -> Tensor:
        return value.unsqueeze(-1) / 100


class Direction(LatentModule):
    """Noise whose values are vectors."""

    width = 3
    value_shape = (3,)

    def sample(self, n: int) -> Tensor:
        return torch.rand(n, 3, device=self.device)

    def embed(self, value: Tensor) -> Tensor:
        return value


class Rounded(LatentModule):
    """Noise through whose embedding no gradient passes."""

    width = 1

    def sample(self, n: int) -> Tensor:
        return torch.rand(n, device=self.device)

    def embed(self, value: Tensor) -> Tensor:
        return value.detach().round().unsqueeze(-1)


class Pixels(TrunkModule):
    """A trunk whose features are the pixels."""

    features = 36

    def forward(self, images: Tensor) -> Features:
        return Features(images.flatten(1))


def space(**latents: LatentModule) -> LatentSpace:
    return LatentSpace(latents)


def inverter(latents: LatentSpace, steps: int = 150) -> Inverter:
    """Of a generator that is linear in the embedding, and one to one."""
    torch.manual_seed(0)
    linear = nn.Linear(latents.width, 36).requires_grad_(False)
    nn.init.orthogonal_(linear.weight)

    def generate(values: dict[str, Tensor]) -> Tensor:
        return linear(latents.embed(values)).view(-1, 1, 6, 6)

    return Inverter(latents, generate, Pixels(), steps, seed=0, chunk=100)


def found_for(search: Inverter, values: dict[str, Tensor], codes: Encoding | None = None) -> Found:
    (found,) = search.find(search.generate(values), codes)
    return found


def test_all_kinds_of_latents_are_found() -> None:
    latents = space(
        z=Gaussian(count=3).module(CONTEXT),
        c=Uniform(low=2.0, high=3.0).module(CONTEXT),
        angle=Circular().module(CONTEXT),
        k=Categorical(classes=4).module(CONTEXT),
        mine=Triangular(),
        vector=Direction(),
    )
    torch.manual_seed(1)
    values = latents.sample(5)
    found = found_for(inverter(latents), values).values
    assert torch.equal(found["k"], values["k"])
    for name, unit in (("z", 1.0), ("c", 1.0), ("mine", 100.0), ("vector", 1.0)):
        torch.testing.assert_close(found[name] / unit, values[name] / unit, atol=0.05, rtol=0)
    apart = (found["angle"] - values["angle"] + math.pi) % (2 * math.pi) - math.pi
    assert apart.abs().max() < 0.05


def test_values_stay_among_those_that_the_prior_draws() -> None:
    latents = space(
        c=Uniform(low=2.0, high=3.0, count=2).module(CONTEXT), mine=Triangular(), angle=Circular().module(CONTEXT)
    )
    beyond = {"c": torch.tensor([[4.0, 0.0]]), "mine": torch.tensor([500.0]), "angle": torch.tensor([3.0])}
    found = found_for(inverter(latents), beyond).values
    torch.testing.assert_close(found["c"], torch.tensor([[3.0, 2.0]]), atol=0.01, rtol=0)
    assert 180 < found["mine"].item() <= 200
    assert -math.pi <= found["angle"].item() < math.pi


def test_a_gaussian_is_drawn_to_its_mean_where_the_image_leaves_it_free() -> None:
    latents = space(z=Gaussian(count=40).module(CONTEXT))
    torch.manual_seed(0)
    linear = torch.randn(40, 36) / 6

    def generate(values: dict[str, Tensor]) -> Tensor:
        return (values["z"][:, :20] @ linear[:20]).view(-1, 1, 6, 6)

    values = latents.sample(4)
    search = Inverter(latents, generate, Pixels(), 200, seed=0, chunk=100)
    found = found_for(search, values).values["z"]
    torch.testing.assert_close(found[:, :20], values["z"][:, :20], atol=0.1, rtol=0)
    assert found[:, 20:].abs().mean() < 0.3  # drawn ones have 0.8


@pytest.mark.parametrize("steps", [0, 1, 30])
def test_nothing_becomes_worse_than_the_start(steps: int) -> None:
    latents = space(z=Uniform(count=4).module(CONTEXT), mine=Rounded())
    search = inverter(latents, steps)
    torch.manual_seed(3)
    values = latents.sample(3)
    found = found_for(search, values)
    errors = (search.generate(found.values) - search.generate(values)).square().flatten(1).mean(1)
    assert (errors <= found.start + 1e-7).all()
    assert (found.start <= found.blind + 1e-7).all()


def test_latents_without_a_gradient_keep_the_best_start() -> None:
    latents = space(k=Categorical(classes=5).module(CONTEXT), mine=Rounded())
    values = {"k": torch.tensor([4, 0]), "mine": torch.tensor([1.0, 0.0])}
    found = found_for(inverter(latents, 10), values).values
    assert torch.equal(found["k"], values["k"])
    assert torch.equal(found["mine"].round(), values["mine"])


def test_the_likeliest_categories_of_q_are_tried_and_none_else() -> None:
    latents = space(z=Gaussian(count=2).module(CONTEXT), k=Categorical(classes=9).module(CONTEXT))
    values = {"z": torch.zeros(2, 2), "k": torch.tensor([3, 3])}
    logits = torch.zeros(2, 9)
    logits[0, [1, 3]] = torch.tensor([9.0, 5.0])  # Q is wrong, and the truth is its second guess
    logits[1, [1, 2, 4, 8]] = 9.0  # the truth is not among its four
    codes = Encoding(latents, {"k": logits})
    (found,) = inverter(latents, 20).find(inverter(latents).generate(values), codes)
    assert found.values["k"][0] == 3
    assert found.values["k"][1] in (1, 2, 4, 8)


def test_the_likeliest_combinations() -> None:
    found = likeliest([torch.tensor([0.1, 0.9]), torch.tensor([0.5, 0.2, 0.3])], 3)
    assert found.tolist() == [[1, 0], [1, 2], [1, 1]]
    assert likeliest([], 4).shape == (1, 0)


def test_what_is_found_does_not_depend_on_the_neighbours() -> None:
    latents = space(z=Gaussian(count=3).module(CONTEXT), k=Categorical(classes=3).module(CONTEXT))
    search = inverter(latents, 40)
    torch.manual_seed(2)
    images = search.generate(latents.sample(7))
    together = [found.values["z"] for found in search.find(images, None)]
    alone = [found.values["z"] for image in images for found in search.find(image.unsqueeze(0), None)]
    torch.testing.assert_close(torch.cat(together), torch.cat(alone), atol=1e-3, rtol=0)
