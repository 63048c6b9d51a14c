import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_run import DataInfo, ImageShape, Progress
from gan_run.plugins.training.augmentations import ada_colour, ada_geometry
from gan_run.plugins.training.augmentations.ada import Ada, AdaModule, Part
from gan_run.plugins.training.augmentations.warping import warp
from gan_run.plugins.training.schedules.schedules import LinearSchedule
from gan_run.testing.game import small_spec

SHAPE = ImageShape(3, 16, 16)
NEVER, ALWAYS = torch.tensor(0.0), torch.tensor(1.0)


def pictures(n: int, channels: int = 3, height: int = 16, width: int = 16) -> Tensor:
    return torch.rand(n, channels, height, width) * 2 - 1


def geometry(images: Tensor, change: Callable[[ada_geometry.Maker], object]) -> Tensor:
    """The images through one change, made for certain."""
    maker = ada_geometry.Maker(len(images), (images.shape[2], images.shape[3]), ALWAYS)
    change(maker)
    return warp(images, maker.maps(), "reflection")


def test_at_probability_zero_nothing_changes() -> None:
    torch.manual_seed(0)
    images = pictures(20)
    torch.testing.assert_close(Ada().build(SHAPE)(images), images, atol=1e-5, rtol=0)


@pytest.mark.parametrize("pipe", ["blit", "geom", "color"])
def test_at_probability_one_every_image_changes_and_each_in_its_own_way(pipe: Part) -> None:
    torch.manual_seed(0)
    images = pictures(1).expand(40, -1, -1, -1)
    changed = Ada(start=1, pipe=(pipe,)).build(SHAPE)(images)
    still = (changed - images).abs().amax(dim=(1, 2, 3)) < 1e-3
    # A quarter of the quarter turns is none, half of the flips, and few shifts are of no pixel at all.
    assert still.float().mean() <= 0.05
    assert len({tuple(image.flatten()[:50].tolist()) for image in changed}) > 35


def test_each_change_is_made_with_the_probability_it_is_given() -> None:
    torch.manual_seed(1)
    for p in (0.25, 0.75):
        found = ada_geometry.maps(4000, (16, 16), torch.tensor(p), blit=True, geom=False)
        identity = (found - torch.eye(3)[:2]).abs().amax(dim=(1, 2)) < 1e-6
        # Left alone, or a change that is none: half of the flips, a quarter of the turns, one in 5 x 5 of the shifts
        # by -2 to 2 pixels, of which the outermost are half as likely.
        alone = (1 - p / 2) * (1 - p * 3 / 4) * (1 - p * (1 - 0.25**2))
        assert identity.float().mean().item() == pytest.approx(alone, abs=0.03)


def test_flips_and_quarter_turns_and_whole_pixels_move_pixels_and_make_none_up() -> None:
    torch.manual_seed(2)
    image = pictures(1)
    poses = [torch.rot90(image, turns, (2, 3)) for turns in range(4)]
    turned = geometry(image.expand(30, -1, -1, -1), ada_geometry.Maker.quarter_turns)
    nearest = [min((one - pose[0]).abs().max().item() for pose in poses) for one in turned]
    assert max(nearest) < 1e-4
    flipped = geometry(image.expand(30, -1, -1, -1), ada_geometry.Maker.flip)
    either = [image[0], image.flip(3)[0]]
    assert max(min((one - way).abs().max().item() for way in either) for one in flipped) < 1e-4
    moved = geometry(image.expand(30, -1, -1, -1), ada_geometry.Maker.whole_pixels)
    inner = moved[:, :, 8, 8]  # which pixel is in the middle now
    distances = (inner[:, :, None, None] - image).abs().amax(dim=1)
    assert distances.amin(dim=(1, 2)).max() < 1e-4
    places = [divmod(int(distance.argmin()), 16) for distance in distances]
    assert {row for row, _ in places} == {6, 7, 8, 9, 10} == {column for _, column in places}


def test_turns_of_oblong_images_are_turns_of_what_they_show() -> None:
    # A disc in the middle stays a disc; beside the middle square a turned image shows its mirror.
    rows, columns = torch.meshgrid(torch.arange(12) - 5.5, torch.arange(24) - 11.5, indexing="ij")
    disc = (rows.hypot(columns) < 4).float().expand(20, 1, 12, 24)
    turned = geometry(disc, ada_geometry.Maker.quarter_turns)
    assert (turned - disc)[..., 6:18].abs().max() < 1e-4


def test_rotations_and_scales_of_oblong_images_keep_circles_round() -> None:
    torch.manual_seed(6)
    rows, columns = torch.meshgrid(torch.arange(24) - 11.5, torch.arange(48) - 23.5, indexing="ij")
    blob = (-(rows.square() + columns.square()) / 6).exp().expand(20, 1, 24, 48)
    middle = slice(12, 36)  # beside it a turned image shows its reflection
    turned = geometry(blob, lambda maker: maker.rotate(ALWAYS))
    torch.testing.assert_close(turned[..., middle], blob[..., middle], atol=0.08, rtol=0)
    scaled = geometry(blob, ada_geometry.Maker.scale)[..., middle]
    tall, wide = (
        (scaled * distance[:, middle].square()).sum(dim=(1, 2, 3)) / scaled.sum(dim=(1, 2, 3))
        for distance in (rows, columns)
    )
    assert tall.std() > 0.5
    torch.testing.assert_close(tall, wide, atol=0, rtol=0.02)


def test_translations_of_oblong_images_are_shares_of_each_side() -> None:
    # 16x40: whole pixels to 2 rows and 5 columns; the normal translation has standard deviations of an eighth.
    torch.manual_seed(7)

    def total(change: Callable[[ada_geometry.Maker], object]) -> Tensor:
        maker = ada_geometry.Maker(20000, (16, 40), ALWAYS)
        change(maker)
        return maker.maps()[:, :, 2] * torch.tensor([40 / 2, 16 / 2])  # in pixels, across and down

    moved = total(ada_geometry.Maker.whole_pixels)
    torch.testing.assert_close(moved, moved.round(), atol=1e-4, rtol=0)
    assert moved.amax(dim=0).round().tolist() == [5, 2]
    assert moved.amin(dim=0).round().tolist() == [-5, -2]
    assert total(ada_geometry.Maker.shift).std(dim=0).tolist() == pytest.approx([5, 2], rel=0.03)


def test_scale_stretch_rotation_and_shift_have_the_papers_sizes() -> None:
    torch.manual_seed(3)
    n = 20000

    def total(change: Callable[[ada_geometry.Maker], object]) -> Tensor:
        maker = ada_geometry.Maker(n, (8, 8), ALWAYS)
        change(maker)
        return maker.maps()

    scales = total(ada_geometry.Maker.scale)
    assert scales[:, 0, 0].log2().std().item() == pytest.approx(0.2, abs=0.01)
    assert torch.equal(scales[:, 0, 0], scales[:, 1, 1])
    stretched = total(ada_geometry.Maker.stretch)
    assert stretched[:, 0, 0].log2().std().item() == pytest.approx(0.2, abs=0.01)
    torch.testing.assert_close(stretched[:, 0, 0] * stretched[:, 1, 1], torch.ones(n))
    turned = total(lambda maker: maker.rotate(ALWAYS))
    angles = torch.atan2(turned[:, 1, 0], turned[:, 0, 0])
    assert angles.std().item() == pytest.approx(math.pi / math.sqrt(3), abs=0.03)
    shifted = total(ada_geometry.Maker.shift)
    assert shifted[:, :, 2].std().item() == pytest.approx(0.125 * 2, abs=0.01)


def test_colours_keep_what_each_change_keeps() -> None:
    torch.manual_seed(4)
    images = pictures(50).double()

    def through(change: Callable[[int, torch.device], Tensor]) -> Tensor:
        maps = change(len(images), images.device).double()
        return (maps[:, :3, :3] @ images.flatten(2) + maps[:, :3, 3:]).view_as(images)

    brighter = through(ada_colour._brightness) - images
    torch.testing.assert_close(brighter, brighter[:, :1, :1, :1].expand_as(images))
    contrasted = through(ada_colour._contrast) / images
    torch.testing.assert_close(contrasted, contrasted[:, :1, :1, :1].expand_as(images), atol=1e-4, rtol=1e-3)
    grey = images.mean(dim=1)
    for kept in (ada_colour._hue, ada_colour._saturation):
        torch.testing.assert_close(through(kept).mean(dim=1), grey, atol=1e-5, rtol=0)
    chroma = (images - grey[:, None]).norm(dim=1)
    hued = through(ada_colour._hue)
    torch.testing.assert_close((hued - grey[:, None]).norm(dim=1), chroma, atol=1e-5, rtol=1e-4)
    flipped = through(ada_colour._luma_flip)
    torch.testing.assert_close(flipped - flipped.mean(dim=1)[:, None], images - grey[:, None], atol=1e-5, rtol=0)
    signs = (flipped.mean(dim=1) / grey)[:, 0, 0].round()
    assert set(signs.tolist()) == {-1.0, 1.0}


def test_a_grey_image_is_treated_as_its_colour_image_and_stays_grey() -> None:
    images = pictures(30, channels=1)
    torch.manual_seed(5)
    grey = ada_colour.recolour(images, ALWAYS)
    torch.manual_seed(5)
    coloured = ada_colour.recolour(images.expand(-1, 3, -1, -1), ALWAYS)
    torch.testing.assert_close(grey, coloured.mean(dim=1, keepdim=True), atol=1e-5, rtol=1e-4)


def test_other_numbers_of_channels_have_no_colour() -> None:
    data = DataInfo(ImageShape(2, 16, 16), {"train": 1})
    (problem,) = Ada().check_data(None, data)  # type: ignore[arg-type]  # needs nothing of the spec
    assert problem.place == ("pipe",)
    assert not list(Ada(pipe=("blit", "geom")).check_data(None, data))  # type: ignore[arg-type]


def built(**fields: Any) -> AdaModule:
    return Ada(**fields).build(SHAPE)


def test_p_rises_while_most_logits_of_real_images_are_positive_and_falls_while_they_are_not() -> None:
    ada = built(speed=1000, every=2, start=0.5)
    sure, unsure = torch.tensor([1.0] * 9 + [-1.0]), torch.tensor([1.0] * 6 + [-1.0] * 4)
    ada.after_update(sure)
    assert ada.p.item() == 0.5
    ada.after_update(sure)  # the mean sign is 0.8: twenty images further up
    assert ada.p.item() == pytest.approx(0.5 + 20 / 1000)
    for _ in range(2):  # 0.2
        ada.after_update(unsure)
    assert ada.p.item() == pytest.approx(0.5)
    ada.after_update(sure)
    ada.after_update(unsure)  # 0.5 on average
    assert ada.p.item() == pytest.approx(0.5 - 20 / 1000)


def test_p_stays_a_probability_and_stands_still_at_speed_zero() -> None:
    up, down = built(speed=10, every=1, start=0.9), built(speed=10, every=1, start=0.1)
    up.after_update(torch.ones(8))
    down.after_update(-torch.ones(8))
    assert (up.p.item(), down.p.item()) == (1.0, 0.0)
    held = built(speed=0, every=1, start=0.3)
    held.after_update(torch.ones(8))
    assert held.p.item() == pytest.approx(0.3)


def test_p_may_follow_a_schedule_instead() -> None:
    declared = Ada(probability=LinearSchedule(start=0.0, end=0.5), every=1, speed=10)
    module = declared.build(ImageShape(1, 8, 8))
    for step in (0, 50, 100):
        module.before_step(Progress(step, 100))
        module.after_update(torch.ones(20))  # would raise an adaptive p
        assert module.p.item() == pytest.approx(0.5 * step / 100)


@pytest.mark.parametrize("speed", [{"speed": 0}, {"probability": 0.3}])
def test_a_p_that_does_not_adapt_goes_with_losses_of_differences(speed: dict[str, float]) -> None:
    def problems(**fields: object) -> list[str]:
        augment = [{"type": "ada", **fields}]
        judge = {"trunk": {"type": "mlp"}, "head": {"type": "linear"}, "augment": augment}
        fields_of_spec = {"losses": [{"type": "relativistic"}], "discriminator": judge}
        try:
            small_spec(fields=fields_of_spec)
        except ValueError as error:
            return [str(error)]
        return []

    assert not problems(**speed)
    assert "set probability, or speed to 0" in problems()[0]
    assert "2 is no probability" in problems(probability=2.0)[0]
