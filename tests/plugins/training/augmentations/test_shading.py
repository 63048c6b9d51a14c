import torch

from gan_run import ImageShape
from gan_run.plugins.training.augmentations.shading import Shading

SHAPE = ImageShape(2, 5, 9)


def test_what_is_added_is_a_ramp_of_any_direction_up_to_the_strength() -> None:
    torch.manual_seed(0)
    images = torch.rand(2000, *SHAPE)
    added = Shading(strength=0.4).build(SHAPE)(images) - images
    assert torch.allclose(added[:, 0], added[:, 1], atol=1e-6)
    centre, right, below = added[:, 0, 2, 4], added[:, 0, 2, 8], added[:, 0, 4, 4]
    torch.testing.assert_close(centre, torch.zeros(2000), atol=1e-6, rtol=0)
    # Linear: half as much half way, and the opposite at the other edge.
    torch.testing.assert_close(added[:, 0, 2, 6], right / 2, atol=1e-6, rtol=0)
    torch.testing.assert_close(added[:, 0, 2, 0], -right, atol=1e-6, rtol=0)
    torch.testing.assert_close(added[:, 0, 4, 8], right + below, atol=1e-6, rtol=0)
    strengths = torch.hypot(right, below)
    assert 0.39 < strengths.max() <= 0.4 + 1e-6
    assert strengths.min() < 0.01
    quadrants = {(x > 0, y > 0) for x, y in zip(right.tolist(), below.tolist(), strict=True)}
    assert len(quadrants) == 4


def test_without_strength_nothing_changes() -> None:
    images = torch.rand(3, *SHAPE)
    assert torch.equal(Shading(strength=0).build(SHAPE)(images), images)
