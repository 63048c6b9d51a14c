"""What holds of every augmentation: it keeps shapes, draws from the global stream, and can be differentiated twice."""

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from gan_run import Augmentation, ImageShape
from gan_run.plugins.training.augmentations.ada import Ada
from gan_run.plugins.training.augmentations.affine import Affine
from gan_run.plugins.training.augmentations.diffaugment import DiffAugment
from gan_run.plugins.training.augmentations.mirror import Mirror
from gan_run.plugins.training.augmentations.shading import Shading
from gan_run.plugins.training.augmentations.strokes import Strokes

SHAPE = ImageShape(3, 6, 8)
SMALLER = ImageShape(3, 3, 4)
"""For numerical gradients, whose cost grows with the square of the number of pixels."""
EACH = pytest.mark.parametrize(
    "declared",
    [
        Ada(start=0.7),
        Affine(rotate=20, shear=0.3, scale=0.2, shift=0.1),
        Affine(rotate=20, padding="reflection"),
        DiffAugment(),
        Mirror(),
        Shading(),
        Strokes(),
    ],
    ids=lambda declared: declared.name(),
)


@EACH
def test_what_comes_out_is_shaped_as_what_went_in_and_follows_from_the_global_stream(declared: Augmentation) -> None:
    images = torch.rand(5, *SHAPE)
    augment = declared.build(SHAPE)
    torch.manual_seed(7)
    first = augment(images)
    torch.manual_seed(7)
    assert torch.equal(augment(images), first)
    assert first.shape == images.shape
    assert not torch.equal(augment(images), first)
    assert augment(images[:1]).shape == (1, *SHAPE)


@EACH
@pytest.mark.usefixtures("float64")
def test_its_gradient_and_the_gradient_of_that_are_right(declared: Augmentation) -> None:
    augment = declared.build(SMALLER)
    images = (torch.rand(2, *SMALLER) * 0.9).requires_grad_()

    def changed(images: Tensor) -> Tensor:
        torch.manual_seed(1)
        return augment(images).square()

    assert gradcheck(changed, (images,), atol=1e-4)
    assert gradgradcheck(changed, (images,), atol=1e-4)
