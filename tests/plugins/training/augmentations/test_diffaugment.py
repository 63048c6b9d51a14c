import torch
from torch import Tensor

from gan_run import ImageShape
from gan_run.plugins.training.augmentations.diffaugment import DiffAugment, cut_out, recolour, translate


def pictures(n: int, channels: int = 3, height: int = 16, width: int = 24) -> Tensor:
    return torch.rand(n, channels, height, width) + 0.1  # never zero, which stands for what is blank


def test_translation_moves_by_whole_pixels_up_to_an_eighth_and_leaves_zero_behind() -> None:
    torch.manual_seed(0)
    image = pictures(1)
    shifts = set()
    for moved in translate(image.expand(300, -1, -1, -1)):
        ways = [(down, across) for down in range(-2, 3) for across in range(-3, 4)]
        found = [way for way in ways if torch.equal(moved, fakes(image[0], *way))]
        assert len(found) == 1
        shifts.update(found)
    assert len(shifts) == 5 * 7


def fakes(image: Tensor, down: int, across: int) -> Tensor:
    padded = torch.nn.functional.pad(image, (3, 3, 3, 3))
    return padded[:, 3 + down : 3 + down + 16, 3 + across : 3 + across + 24]


def test_cutout_blanks_one_rectangle_of_half_the_sides_that_may_reach_beyond_the_edge() -> None:
    torch.manual_seed(0)
    images = pictures(300)
    cut = cut_out(images)
    blank = (cut == 0).all(dim=1)
    assert torch.equal(cut, torch.where(blank[:, None], 0.0, images))
    rows, columns = blank.any(dim=2).sum(dim=1), blank.any(dim=1).sum(dim=1)
    assert torch.equal(rows * columns, blank.sum(dim=(1, 2)))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 8, 6, 12)
    assert blank.any(dim=0).all()


def test_colour_changes_brightness_saturation_and_contrast_within_their_bounds() -> None:
    torch.manual_seed(0)
    image = pictures(1)
    changed = recolour(image.expand(4000, -1, -1, -1))
    levels = changed.mean(dim=(1, 2, 3)) - image.mean()
    assert -0.5 <= levels.min() < -0.49
    assert 0.49 < levels.max() <= 0.5
    grey, old_grey = changed.mean(dim=1), image.mean(dim=1)
    contrast = grey.flatten(1).std(dim=1) / old_grey.flatten(1).std(dim=1)
    assert 0.5 <= contrast.min() < 0.51
    assert 1.49 < contrast.max() <= 1.5
    saturation = (changed - grey[:, None]).flatten(1).std(dim=1) / (image - old_grey).flatten(1).std() / contrast
    assert 0 <= saturation.min() < 0.01
    assert 1.99 < saturation.max() <= 2.001


def test_the_policy_names_what_is_done() -> None:
    images = pictures(50)
    shape = ImageShape(3, 16, 24)
    torch.manual_seed(3)
    both = DiffAugment(policy=("translation", "cutout")).build(shape)(images)
    torch.manual_seed(3)
    torch.testing.assert_close(both, cut_out(translate(images)))
    torch.manual_seed(3)
    everything = DiffAugment().build(shape)(images)
    torch.manual_seed(3)
    torch.testing.assert_close(everything, cut_out(translate(recolour(images))))
