"""The tests that every generator, trunk and head passes."""

from collections.abc import Callable
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gan_run.core.base.image import ImageShape
from gan_run.core.kinds.discriminator import (
    Features,
    Head,
    HeadModule,
    Trunk,
    TrunkModule,
)
from gan_run.core.kinds.generator import Generator, GeneratorModule, StyledGenerator
from gan_run.core.kinds.latent_space import LatentSpace
from gan_run.testing.component import ComponentSuite
from gan_run.testing.game import begin

BATCHES = pytest.mark.parametrize("n", [1, 3])


class GeneratorSuite(ComponentSuite):
    """Set `component` to a generator, as narrow as possible, and `image` to a shape that it supports."""

    component: Generator
    image: ClassVar[ImageShape] = ImageShape(1, 12, 12)
    """Shape of the images to generate."""
    bounded: ClassVar[bool] = True
    """Whether images are within [-1, 1], as after a hyperbolic tangent."""

    def latents(self) -> LatentSpace:
        """The latents `z`, `label`, `category` and `c`."""
        return begin().game.latents

    def network(self) -> nn.Module:
        """The module of `component`."""
        torch.manual_seed(0)
        return self.component.build(self.latents(), self.image)

    @BATCHES
    def test_it_generates_images(self, n: int) -> None:
        latents, network = self.latents(), self.network()
        images = network(latents.embed(latents.sample(n)))
        assert images.shape == (n, *self.image)
        assert images.isfinite().all()
        assert images.abs().max() <= (1 if self.bounded else 10), "its images are far outside of [-1, 1]"

    def test_it_declares_whether_it_has_styles(self) -> None:
        assert isinstance(self.network(), StyledGenerator) is self.component.has_styles(), "has_styles says otherwise"

    def test_its_sampling_options_change_images_and_have_the_values_of_training(self) -> None:
        latents, network = self.latents(), self.network().eval()
        if not isinstance(network, GeneratorModule) or not network.sampling_options:
            pytest.skip("it has no sampling options")
        embedded = latents.embed(latents.sample(4))
        plain = network(embedded)
        torch.testing.assert_close(network(embedded, **network.sampling_options), plain)
        for name, value in network.sampling_options.items():
            assert not torch.equal(network(embedded, **{name: value / 2}), plain), f"{name} changes nothing"

    def test_different_latents_give_different_images(self) -> None:
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
    """Set `component` to a trunk, as narrow as possible, and `image` to a shape that it supports."""

    component: Trunk
    image: ClassVar[ImageShape] = ImageShape(1, 12, 12)
    """Shape of the images."""

    def network(self) -> TrunkModule:
        """The module of `component`."""
        torch.manual_seed(0)
        return self.component.build(self.image)

    def images(self, n: int) -> Tensor:
        """`n` images of noise in [-1, 1]."""
        return torch.rand(n, *self.image) * 2 - 1

    @BATCHES
    def test_its_features_and_maps_have_the_declared_shapes(self, n: int) -> None:
        trunk = self.network()
        features = trunk(self.images(n))
        assert isinstance(features, Features)
        assert features.vector.shape == (n, trunk.features)
        assert bool(features.maps) is self.component.has_feature_maps()
        assert tuple(level.shape[1] for level in features.maps) == trunk.map_channels
        assert all(level.dim() == 2 + len(self.image.size) and len(level) == n for level in features.maps)

    def test_it_declares_whether_it_couples_images(self) -> None:
        trunk, images = self.network(), self.images(4).requires_grad_()
        (gradient,) = torch.autograd.grad(trunk(images).vector[0].square().sum(), images)
        assert bool(gradient[1:].any()) is self.component.couples_images(), "couples_images says otherwise"

    def test_it_declares_whether_it_uses_batch_statistics(self) -> None:
        batch_norms = [layer for layer in self.network().modules() if isinstance(layer, _BatchNorm)]
        if batch_norms:
            assert self.component.uses_batch_statistics(), "uses_batch_statistics says no, but there is a batch norm"
        if not self.component.couples_images():
            assert not self.component.uses_batch_statistics(), "uses_batch_statistics says yes, but no image is coupled"

    def test_every_parameter_has_a_gradient_after_two_steps(self) -> None:
        trunk = self.network()
        untouched = _untouched_in_two_steps(trunk, lambda: trunk(self.images(4)).vector)
        assert not untouched

    def test_it_can_be_differentiated_twice(self) -> None:
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
    """Set `component` to a head. Its features and maps are noise; its condition is drawn from the latents `z`, `label`,
    `category` and `c`."""

    component: Head

    def head_and_inputs(self, n: int) -> tuple[HeadModule, Features, dict[str, Tensor]]:
        """The module of `component`, and the features and condition of `n` images."""
        torch.manual_seed(0)
        latents = begin().game.latents
        trunk = Noisy()
        return self.component.build(trunk, latents), trunk(torch.rand(n, 1, 12, 12)), latents.sample(n)

    @BATCHES
    def test_it_gives_a_logit_per_image_or_per_patch(self, n: int) -> None:
        head, features, condition = self.head_and_inputs(n)
        logits = head(features, condition)
        assert len(logits) == n
        assert logits.dim() <= 2
        assert logits.isfinite().all()

    def test_every_parameter_has_a_gradient(self) -> None:
        head, features, condition = self.head_and_inputs(12)
        logits = head(features, condition)
        (logits * torch.randn_like(logits)).sum().backward()
        assert not [name for name, value in head.named_parameters() if value.grad is None or not value.grad.any()]

    def test_it_registers_no_latent(self) -> None:
        head, _, _ = self.head_and_inputs(1)
        own = {id(value) for value in begin().game.latents.parameters()}
        assert not own & {id(value) for value in head.parameters()}

    def test_its_weights_are_saved_and_loaded(self) -> None:
        (head, features, condition), (other, _, _) = self.head_and_inputs(2), self.head_and_inputs(2)
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
    """Names of parameters that have no gradient at the second step. At the first, a layer with zero weights stops the
    gradient of the layers before it."""
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
    torch.manual_seed(0)  # a network may draw noise in evaluation too
    ours = network.eval()(given)
    torch.manual_seed(0)
    theirs = other.eval()(given)
    ours, theirs = (out.vector if isinstance(out, Features) else out for out in (ours, theirs))
    assert torch.equal(ours, theirs)
