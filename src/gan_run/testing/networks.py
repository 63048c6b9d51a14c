"""What holds of every network."""

from collections.abc import Callable
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from gan_run.core.base.image import ImageShape
from gan_run.core.kinds.latent_space import LatentSpace
from gan_run.core.kinds.network import Features, Generator, Head, HeadModule, Trunk, TrunkModule
from gan_run.testing.component import ComponentSuite
from gan_run.testing.game import begin

BATCHES = pytest.mark.parametrize("n", [1, 3])


class GeneratorSuite(ComponentSuite):
    """`component` is a generator, as narrow as it can be."""

    component: Generator
    image: ClassVar[ImageShape] = ImageShape(1, 12, 12)
    """What it is to draw."""

    def latents(self) -> LatentSpace:
        """Those of the small game."""
        return begin().game.latents

    def network(self) -> nn.Module:
        """It, built."""
        torch.manual_seed(0)
        return self.component.build(self.latents(), self.image)

    @BATCHES
    def test_latents_become_images_between_minus_one_and_one(self, n: int) -> None:
        latents, network = self.latents(), self.network()
        images = network(latents.embed(latents.sample(n)))
        assert images.shape == (n, *self.image)
        assert images.isfinite().all()
        assert images.abs().max() <= 1

    def test_images_follow_from_the_latents(self) -> None:
        latents, network = self.latents(), self.network().eval()
        images = network(latents.embed(latents.sample(4)))
        assert not torch.equal(images[0], images[1])

    def test_every_parameter_has_a_gradient_after_two_steps(self) -> None:
        latents, network = self.latents(), self.network()
        untouched = _untouched_in_two_steps(network, lambda: network(latents.embed(latents.sample(4))))
        assert not untouched

    def test_its_weights_are_saved_and_loaded(self) -> None:
        _same_after_loading(self.network(), self.network(), self.latents().embed(self.latents().sample(2)))

    def test_it_runs_in_half_precision(self) -> None:
        latents, network = self.latents(), self.network()
        with torch.autocast("cpu", torch.bfloat16):
            assert network(latents.embed(latents.sample(2))).isfinite().all()


class TrunkSuite(ComponentSuite):
    """`component` is a trunk, as narrow as it can be."""

    component: Trunk
    image: ClassVar[ImageShape] = ImageShape(1, 12, 12)
    """What it is to look at."""

    def network(self) -> TrunkModule:
        """It, built."""
        torch.manual_seed(0)
        return self.component.build(self.image)

    def images(self, n: int) -> Tensor:
        """Noise."""
        return torch.rand(n, *self.image) * 2 - 1

    @BATCHES
    def test_images_become_features_and_maps_as_it_says(self, n: int) -> None:
        trunk = self.network()
        features = trunk(self.images(n))
        assert isinstance(features, Features)
        assert features.vector.shape == (n, trunk.features)
        assert bool(features.maps) is self.component.has_feature_maps()
        assert tuple(level.shape[1] for level in features.maps) == trunk.map_channels
        assert all(level.dim() == 4 and len(level) == n for level in features.maps)

    def test_it_says_whether_images_of_a_batch_have_to_do_with_each_other(self) -> None:
        trunk, images = self.network(), self.images(4).requires_grad_()
        (gradient,) = torch.autograd.grad(trunk(images).vector[0].square().sum(), images)
        assert bool(gradient[1:].any()) is self.component.uses_batch_statistics(), (
            "uses_batch_statistics says otherwise"
        )

    def test_every_parameter_has_a_gradient_after_two_steps(self) -> None:
        trunk = self.network()
        untouched = _untouched_in_two_steps(trunk, lambda: trunk(self.images(4)).vector)
        assert not untouched

    def test_a_penalty_can_differentiate_it_twice(self) -> None:
        trunk, images = self.network(), self.images(3).requires_grad_()
        (gradient_norms,) = torch.autograd.grad(trunk(images).vector.sum(), images, create_graph=True)
        found = torch.autograd.grad(gradient_norms.square().sum(), list(trunk.parameters()), allow_unused=True)
        assert any(gradient is not None for gradient in found)

    def test_its_weights_are_saved_and_loaded(self) -> None:
        _same_after_loading(self.network(), self.network(), self.images(2))

    def test_it_runs_in_half_precision(self) -> None:
        with torch.autocast("cpu", torch.bfloat16):
            assert self.network()(self.images(2)).vector.isfinite().all()


class HeadSuite(ComponentSuite):
    """`component` is a head. It sits on features and maps of noise; the condition is drawn from the small game's
    latents `z`, `label`, `category` and `c`."""

    component: Head

    def seat(self, n: int) -> tuple[HeadModule, Features, dict[str, Tensor]]:
        """It, built, and what it may be asked about."""
        torch.manual_seed(0)
        latents = begin().game.latents
        trunk = Noisy()
        return self.component.build(trunk, latents), trunk(torch.rand(n, 1, 12, 12)), latents.sample(n)

    @BATCHES
    def test_there_is_a_logit_for_each_image_or_for_each_of_its_places(self, n: int) -> None:
        head, features, condition = self.seat(n)
        logits = head(features, condition)
        assert len(logits) == n
        assert logits.dim() <= 2
        assert logits.isfinite().all()

    def test_every_parameter_has_a_gradient(self) -> None:
        head, features, condition = self.seat(12)
        logits = head(features, condition)
        (logits * torch.randn_like(logits)).sum().backward()
        assert not [name for name, value in head.named_parameters() if value.grad is None or not value.grad.any()]

    def test_it_owns_none_of_the_latents(self) -> None:
        head, _, _ = self.seat(1)
        own = {id(value) for value in begin().game.latents.parameters()}
        assert not own & {id(value) for value in head.parameters()}

    def test_its_weights_are_saved_and_loaded(self) -> None:
        (head, features, condition), (other, _, _) = self.seat(2), self.seat(2)
        _shake(head)
        other.load_state_dict(head.state_dict())
        assert torch.equal(other(features, condition), head(features, condition))


class Noisy(TrunkModule):
    """Features and maps of noise."""

    features = 5
    map_channels = (3, 4)

    def forward(self, images: Tensor) -> Features:
        n = len(images)
        return Features(torch.randn(n, 5), (torch.randn(n, 3, 6, 6), torch.randn(n, 4, 3, 3)))


def _untouched_in_two_steps(network: nn.Module, draw: Callable[[], Tensor]) -> list[str]:
    """Parameters without a gradient of what `draw` gives, at the second step: a layer that begins at zero stops the
    gradient of those before it at the first."""
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        drawn = draw()
        (drawn * torch.randn_like(drawn)).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]


def _shake(network: nn.Module) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)


def _same_after_loading(network: nn.Module, other: nn.Module, given: Tensor) -> None:
    _shake(network)
    other.load_state_dict(network.state_dict())
    ours, theirs = network.eval()(given), other.eval()(given)
    ours, theirs = (out.vector if isinstance(out, Features) else out for out in (ours, theirs))
    assert torch.equal(ours, theirs)
