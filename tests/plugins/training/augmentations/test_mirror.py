import torch

from gan_run import ImageShape
from gan_run.plugins.training.augmentations.mirror import Mirror

SHAPE = ImageShape(2, 3, 4)


def test_each_image_is_itself_or_mirrored_left_to_right() -> None:
    images = torch.arange(400 * 24, dtype=torch.float32).view(400, 2, 3, 4)
    torch.manual_seed(0)
    seen = Mirror().build(SHAPE)(images)
    mirrored = torch.tensor([torch.equal(one, image.flip(-1)) for one, image in zip(seen, images, strict=True)])
    kept = torch.tensor([torch.equal(one, image) for one, image in zip(seen, images, strict=True)])
    assert torch.equal(mirrored, ~kept)
    assert 150 < mirrored.sum() < 250  # five standard deviations of 400 tosses


def test_gradients_reach_every_pixel_once() -> None:
    torch.manual_seed(0)
    images = torch.rand(8, *SHAPE, requires_grad=True)
    Mirror().build(SHAPE)(images).sum().backward()
    assert images.grad is not None
    assert torch.equal(images.grad, torch.ones_like(images))
