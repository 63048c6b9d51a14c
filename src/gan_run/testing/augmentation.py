"""The tests that every augmentation passes."""

from typing import ClassVar

import torch
from torch import Tensor

from gan_run.core.base.image import ImageShape
from gan_run.core.kinds.augmentation import Augmentation, AugmentationModule
from gan_run.testing.component import ComponentSuite
from gan_run.testing.rng import only_torch_rng


class AugmentationSuite(ComponentSuite):
    """Set `component` to an augmentation that changes nearly every image, and `image` to a shape that it supports."""

    component: Augmentation
    image: ClassVar[ImageShape] = ImageShape(3, 12, 12)
    """Shape of the images."""
    outcomes: ClassVar[int] = 6
    """How many different images 20 changes of one image give at least; 1 if the augmentation draws nothing."""

    def build(self) -> AugmentationModule:
        """The module of `component`."""
        return self.component.build(self.image)

    def images(self, n: int) -> Tensor:
        """`n` images of noise in [-1, 1]."""
        return torch.rand(n, *self.image) * 2 - 1

    def test_images_keep_their_shape(self) -> None:
        for n in (1, 5):
            changed = self.build()(self.images(n))
            assert changed.shape == (n, *self.image)
            assert changed.isfinite().all()

    def test_each_image_is_changed_by_random_numbers_of_its_own_from_torchs_stream(self) -> None:
        augment, images = self.build(), self.images(1).expand(20, -1, -1, -1)
        with only_torch_rng():
            changed = augment(images)
        assert len(torch.unique(changed.flatten(1), dim=0)) >= self.outcomes
        torch.manual_seed(3)
        first = augment(images)
        torch.manual_seed(3)
        assert torch.equal(augment(images), first)

    def test_it_can_be_differentiated_twice(self) -> None:
        augment = self.build()
        images = self.images(3).requires_grad_()
        torch.manual_seed(4)
        (gradient,) = torch.autograd.grad(augment(images).square().sum(), images, create_graph=True)
        assert gradient.any()
        (again,) = torch.autograd.grad(gradient.square().sum(), images)
        assert again.any()

    def test_its_state_is_saved_and_loaded(self) -> None:
        augment, other, images = self.build(), self.build(), self.images(6)
        for _ in range(9):
            augment.after_update(torch.ones(6))
        other.load_state_dict(augment.state_dict())
        torch.manual_seed(5)
        changed = augment(images)
        torch.manual_seed(5)
        assert torch.equal(other(images), changed)
