from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError
from torch import Tensor

from gan_run.plugins.data.image_files.image_folder import ImageFolder

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
Colour = tuple[int, int, int]


def decode(root: Path, size: int, **fields: Any) -> Tensor:
    """The one picture in `root`, (C, H, W)."""
    images = ImageFolder(root=root, size=size, test_fraction=0, **fields).load("train").images
    assert images.dtype == torch.uint8
    assert images.shape[2:] == (size, size)
    (image,) = images
    return image


def colours(image: Tensor) -> list[list[Colour]]:
    return [[tuple(pixel) for pixel in row] for row in image.permute(1, 2, 0).tolist()]


def picture(rows: list[list[Colour]]) -> Image.Image:
    return Image.fromarray(np.array(rows, dtype=np.uint8))


def stripes() -> Image.Image:
    """6 wide and 2 high: two columns each of red, green and blue."""
    return picture([[RED, RED, GREEN, GREEN, BLUE, BLUE]] * 2)


def test_pixels_that_need_no_change_get_none(tmp_path: Path):
    picture([[RED, GREEN], [BLUE, WHITE]]).save(tmp_path / "a.png")
    for fit in ("crop", "pad", "stretch"):
        assert colours(decode(tmp_path, 2, fit=fit)) == [[RED, GREEN], [BLUE, WHITE]]


def test_crop_takes_the_middle(tmp_path: Path):
    stripes().save(tmp_path / "wide.png")
    assert colours(decode(tmp_path, 2)) == [[GREEN, GREEN]] * 2


def test_crop_takes_the_middle_of_a_high_picture(tmp_path: Path):
    stripes().transpose(Image.Transpose.TRANSPOSE).save(tmp_path / "high.png")
    assert colours(decode(tmp_path, 2)) == [[GREEN, GREEN]] * 2


def test_pad_adds_background_on_both_sides(tmp_path: Path):
    stripes().save(tmp_path / "wide.png")
    row = [RED, RED, GREEN, GREEN, BLUE, BLUE]
    empty = [BLACK] * 6
    assert colours(decode(tmp_path, 6, fit="pad", background="#000")) == [empty, empty, row, row, empty, empty]


def test_pad_keeps_a_line_of_a_very_wide_picture(tmp_path: Path):
    Image.new("RGB", (400, 1), RED).save(tmp_path / "line.png")
    assert sorted(map(tuple, colours(decode(tmp_path, 3, fit="pad")))) == [(RED,) * 3, (WHITE,) * 3, (WHITE,) * 3]


def test_pad_of_gray_images_is_the_backgrounds_gray(tmp_path: Path):
    Image.new("L", (1, 3), 9).save(tmp_path / "a.png")
    image = decode(tmp_path, 3, fit="pad", background="red", channels=1)
    assert image.tolist() == [[[76, 9, 76]] * 3]  # 0.299 * 255


def test_stretch_squeezes_the_whole_picture(tmp_path: Path):
    halves = np.array([[0] * 120 + [200] * 120] * 4, dtype=np.uint8)
    Image.fromarray(halves).save(tmp_path / "halves.png")
    ((left, right), _) = decode(tmp_path, 2, fit="stretch", channels=1)[0].tolist()
    # The window of Lanczos is wider than half the picture, so each half sees a little of the other.
    assert left + right == 200
    assert left < 20


def test_shrinking_averages_what_lies_between(tmp_path: Path):
    checks = np.indices((64, 64)).sum(0) % 2 * 255
    Image.fromarray(checks.astype(np.uint8)).save(tmp_path / "checks.png")
    assert (decode(tmp_path, 8, channels=1).float() - 127.5).abs().max() < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_taken_with_a_turned_camera_is_upright(tmp_path: Path, orientation: int):
    upright = [[RED, GREEN], [BLUE, WHITE]]
    # How each orientation's stored rows come from the upright picture (EXIF 2.3, tag 0x0112).
    stored = {
        1: [[RED, GREEN], [BLUE, WHITE]],
        2: [[GREEN, RED], [WHITE, BLUE]],
        3: [[WHITE, BLUE], [GREEN, RED]],
        4: [[BLUE, WHITE], [RED, GREEN]],
        5: [[RED, BLUE], [GREEN, WHITE]],
        6: [[GREEN, WHITE], [RED, BLUE]],
        7: [[WHITE, GREEN], [BLUE, RED]],
        8: [[BLUE, RED], [WHITE, GREEN]],
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture(stored[orientation]).save(tmp_path / "a.png", exif=exif)
    assert colours(decode(tmp_path, 2)) == upright


def test_transparent_pixels_show_the_background(tmp_path: Path):
    pixels = np.array([[[255, 0, 0, 255], [9, 9, 9, 0]], [[0, 0, 0, 0], [0, 0, 0, 51]]], dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert colours(decode(tmp_path, 2)) == [[RED, WHITE], [WHITE, (204, 204, 204)]]
    assert colours(decode(tmp_path, 2, background="lime")) == [[RED, GREEN], [GREEN, (0, 204, 0)]]


def test_the_colour_of_invisible_pixels_does_not_bleed(tmp_path: Path):
    pixels = np.zeros((8, 8, 4), dtype=np.uint8)
    pixels[:, :4] = 255  # white on the left; black but invisible on the right
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert (decode(tmp_path, 2) == 255).all()


def test_gray_with_alpha_is_laid_on_the_background(tmp_path: Path):
    gray, alpha = np.array([[[100, 100], [0, 0]], [[255, 0], [255, 0]]], dtype=np.uint8)
    Image.merge("LA", [Image.fromarray(gray), Image.fromarray(alpha)]).save(tmp_path / "a.png")
    assert decode(tmp_path, 2, channels=1).tolist() == [[[100, 255], [0, 255]]]


@pytest.mark.parametrize("transparency", [1, b"\xff\x00"])
def test_a_palette_with_transparency_is_laid_on_the_background(tmp_path: Path, transparency: int | bytes):
    image = Image.new("P", (2, 2))
    image.putpalette([*RED, *GREEN])
    image.putdata([0, 1, 1, 0])
    image.save(tmp_path / "a.png", transparency=transparency)
    assert colours(decode(tmp_path, 2, background="blue")) == [[RED, BLUE], [BLUE, RED]]


def test_a_transparent_gif_shows_its_first_frame_on_the_background(tmp_path: Path):
    frames = [Image.new("P", (2, 2), index) for index in (0, 1)]
    for frame in frames:
        frame.putpalette([*RED, *GREEN])
    frames[0].putpixel((1, 0), 1)
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], transparency=1)
    assert colours(decode(tmp_path, 2, background="blue")) == [[RED, BLUE], [RED, RED]]


def test_sixteen_bits_of_gray_are_scaled_to_eight(tmp_path: Path):
    values = np.array([[0, 257], [128 * 257 + 128, 65535]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert decode(tmp_path, 2, channels=1).tolist() == [[[0, 1], [128, 255]]]
    assert colours(decode(tmp_path, 2))[1][1] == WHITE


def test_sixteen_bits_of_gray_are_rounded(tmp_path: Path):
    values = np.array([[128, 129], [257 * 9 - 129, 257 * 9 + 128]], dtype=np.uint16)  # 0.498, 0.502, 8.498, 9.498
    Image.fromarray(values).save(tmp_path / "a.png")
    assert decode(tmp_path, 2, channels=1).tolist() == [[[0, 1], [8, 9]]]


def test_sixteen_bit_gray_is_turned_upright_too(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(np.array([[0, 257], [514, 771]], dtype=np.uint16)).save(tmp_path / "a.tif", exif=exif)
    assert decode(tmp_path, 2, channels=1).tolist() == [[[3, 2], [1, 0]]]


def test_big_endian_sixteen_bits_are_scaled_too(tmp_path: Path):
    values = np.array([[0, 257], [514, 65535]], dtype=">u2")
    Image.frombytes("I;16B", (2, 2), values.tobytes()).save(tmp_path / "a.tif")
    assert decode(tmp_path, 2, channels=1).tolist() == [[[0, 1], [2, 255]]]


def test_black_and_white_bits_become_the_ends_of_the_scale(tmp_path: Path):
    Image.fromarray(np.array([[True, False], [False, True]])).save(tmp_path / "a.png")
    assert decode(tmp_path, 2, channels=1).tolist() == [[[255, 0], [0, 255]]]


def test_inks_become_light(tmp_path: Path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=100)
    assert decode(tmp_path, 8)[:, 0, 0].tolist() == pytest.approx(RED, abs=2)


def test_colour_becomes_gray_by_its_brightness(tmp_path: Path):
    picture([[RED, GREEN], [BLUE, WHITE]]).save(tmp_path / "a.png")
    assert decode(tmp_path, 2, channels=1).tolist() == [[[76, 150], [29, 255]]]  # 0.299, 0.587, 0.114 of 255


def test_gray_becomes_colour_by_repeating_it(tmp_path: Path):
    Image.new("L", (2, 2), 77).save(tmp_path / "a.png")
    assert colours(decode(tmp_path, 2)) == [[(77, 77, 77)] * 2] * 2


@pytest.mark.parametrize(
    ("colour", "message"),
    [("whte", "'whte' is not a colour"), ("#12", "'#12' is not a colour"), ("#ffffff80", "is transparent: give")],
)
def test_a_background_that_is_no_opaque_colour_is_refused(tmp_path: Path, colour: str, message: str):
    with pytest.raises(ValidationError, match=message):
        ImageFolder(root=tmp_path, size=8, background=colour)


@pytest.mark.parametrize("wrong", [{"size": 0}, {"channels": 4}, {"fit": "squash"}, {"test_fraction": 1.0}])
def test_values_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        ImageFolder(**{"root": tmp_path, "size": 8} | wrong)
