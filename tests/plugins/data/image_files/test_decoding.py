import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pillow_heif import from_pillow
from pydantic import ValidationError
from torch import Tensor

from gan_run import DataError, SpecError, read_spec
from gan_run.plugins.data.image_files.image_folder import ImageFolder
from gan_run.registry.plugins import Registry

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
Colour = tuple[int, int, int]


def decode(root: Path, size: int | tuple[int, int], **fields: Any) -> Tensor:
    """The one picture in `root`, (C, H, W)."""
    folder = ImageFolder(root=root, size=size, test_fraction=0, **fields)
    images = folder.load("train").images
    assert images.dtype == torch.uint8
    assert images.shape[1:] == folder.describe().image
    assert images.shape[2:] == ((size, size) if isinstance(size, int) else size)
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


@pytest.mark.parametrize("name", ["a.avif", "a.heic", "A.HEIF", "a.webp", "a.jp2", "a.jfif", "a.pgm", "a.ppm"])
def test_formats_of_pictures(tmp_path: Path, name: str):
    if name.lower().endswith((".heic", ".heif")):
        from_pillow(Image.new("RGB", (32, 16), (90, 90, 90))).save(tmp_path / "x.heic", quality=95)
        (tmp_path / "x.heic").rename(tmp_path / name)
    else:
        Image.new("L", (32, 16), 90).save(tmp_path / name, **({"format": "jpeg"} if name.endswith("jfif") else {}))
    assert decode(tmp_path, (16, 32), channels=1).sub(90.0).abs().max() <= 2


def test_without_pillow_heif_a_heic_file_is_refused_and_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a.heic").touch()
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(DataError, match=r"a\.heic .*pillow-heif: pip install 'gan-run\[heif\]'"):
        decode(tmp_path, 8)


def test_a_damaged_heic_file_is_named(tmp_path: Path):
    (tmp_path / "a.heic").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"a\.heic cannot be read as a picture"):
        decode(tmp_path, 8)


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


def test_crop_to_a_rectangle_takes_the_middle_of_its_shape(tmp_path: Path):
    # 6x6, of which a rectangle of 2x6 is three times as wide as high: the two rows in the middle.
    rows = [[RED] * 6] * 2 + [[GREEN] * 6, [GREEN, GREEN, BLUE, BLUE, GREEN, GREEN]] + [[WHITE] * 6] * 2
    picture(rows).save(tmp_path / "a.png")
    assert colours(decode(tmp_path, (2, 6))) == rows[2:4]
    assert colours(decode(tmp_path, (6, 2))) == [row[2:4] for row in rows]


def test_pad_to_a_rectangle_keeps_the_whole_picture(tmp_path: Path):
    picture([[RED, GREEN], [BLUE, WHITE]]).save(tmp_path / "a.png")
    lying = colours(decode(tmp_path, (2, 5), fit="pad", background="black"))
    assert lying == [[BLACK, RED, GREEN, BLACK, BLACK], [BLACK, BLUE, WHITE, BLACK, BLACK]]
    standing = colours(decode(tmp_path, (4, 2), fit="pad", background="black"))
    assert standing == [[BLACK] * 2, [RED, GREEN], [BLUE, WHITE], [BLACK] * 2]


def test_pad_to_a_rectangle_scales_by_the_side_that_reaches_it_first(tmp_path: Path):
    Image.new("RGB", (20, 10), RED).save(tmp_path / "a.png")
    image = decode(tmp_path, (8, 12), fit="pad")  # 12 wide is 6 high
    assert colours(image) == [[WHITE] * 12, *[[RED] * 12] * 6, [WHITE] * 12]


def test_stretch_to_a_rectangle_scales_each_axis(tmp_path: Path):
    Image.new("RGB", (3, 5), GREEN).save(tmp_path / "a.png")
    assert colours(decode(tmp_path, (4, 2), fit="stretch")) == [[GREEN] * 2] * 4


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


RGBA_PIXELS = [[[255, 0, 0, 255], [9, 8, 7, 128]], [[1, 2, 3, 0], [4, 5, 6, 51]]]


def test_four_channels_keep_the_alpha_channel(tmp_path: Path):
    Image.fromarray(np.array(RGBA_PIXELS, dtype=np.uint8)).save(tmp_path / "a.png")
    for fit in ("crop", "pad", "stretch"):
        assert decode(tmp_path, 2, channels=4, fit=fit).permute(1, 2, 0).tolist() == RGBA_PIXELS


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "CMYK", "P", "I;16"])
def test_opaque_pictures_have_an_alpha_of_255(tmp_path: Path, mode: str):
    Image.new(mode, (3, 2)).save(tmp_path / ("a.jpg" if mode == "CMYK" else "a.png"))
    image = decode(tmp_path, (2, 3), channels=4)
    assert (image[3] == 255).all()
    assert (image[:3] == decode(tmp_path, (2, 3))).all()


def test_gray_with_alpha_and_palettes_with_transparency_keep_it_as_four_channels(tmp_path: Path):
    Image.merge("LA", [Image.new("L", (2, 2), 100), Image.new("L", (2, 2), 7)]).save(tmp_path / "a.png")
    assert decode(tmp_path, 2, channels=4)[:, 0, 0].tolist() == [100, 100, 100, 7]
    image = Image.new("P", (2, 2))
    image.putpalette([*RED, *GREEN])
    image.putdata([0, 1, 1, 0])
    image.save(tmp_path / "a.png", transparency=b"\xff\x05")
    assert decode(tmp_path, 2, channels=4)[:, 0].T.tolist() == [[*RED, 255], [*GREEN, 5]]


def test_a_colour_that_stands_for_transparent_becomes_an_alpha_of_zero(tmp_path: Path):
    picture([[RED, GREEN], [BLUE, WHITE]]).save(tmp_path / "a.png", transparency=GREEN)
    assert decode(tmp_path, 2, channels=4)[3].tolist() == [[255, 0], [255, 255]]


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_the_colour_of_invisible_pixels_does_not_bleed_into_four_channels(tmp_path: Path, fit: str):
    pixels = np.zeros((16, 16, 4), dtype=np.uint8)
    pixels[:, :7] = (255, 255, 255, 255)  # white on the left; green but invisible on the right
    pixels[:, 7:] = (0, 255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    image = decode(tmp_path, 4, channels=4, fit=fit)
    visible = image[:, image[3] > 0]
    assert (visible[:3] == 255).all()
    assert 0 < visible[3].min() < 255  # the column where both meet


def test_pad_of_four_channels_is_transparent(tmp_path: Path):
    Image.new("RGBA", (2, 2), (9, 9, 9, 200)).save(tmp_path / "a.png")
    image = decode(tmp_path, (2, 4), channels=4, fit="pad", background="red")
    assert image[:, 0].T.tolist() == [[0, 0, 0, 0], [9, 9, 9, 200], [9, 9, 9, 200], [0, 0, 0, 0]]


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
    assert colours(decode(tmp_path, 2, background="blue", frames="first")) == [[RED, BLUE], [RED, RED]]


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


def tiff(values: np.ndarray[Any, Any], bits: int, white_is_zero: bool = False) -> bytes:
    """An uncompressed gray TIFF, (H, W), of 12 or 16 bits per pixel; Pillow writes none of 12."""
    if bits == 12:
        rows = ["".join(f"{value:03x}" for value in row) for row in values.tolist()]
        content = b"".join(bytes.fromhex(row + "0" * (len(row) % 2)) for row in rows)
    else:
        content = values.astype("<u2").tobytes()
    height, width = values.shape
    short, long = 3, 4
    tags = [
        *((256, short, width), (257, short, height), (258, short, bits), (259, short, 1)),
        *((262, short, 0 if white_is_zero else 1), (273, long, 8), (277, short, 1), (278, short, height)),
        (279, long, len(content)),
    ]
    entries = b"".join(
        struct.pack("<HHIHH" if kind == short else "<HHII", tag, kind, 1, *((value, 0) if kind == short else (value,)))
        for tag, kind, value in tags
    )
    return (
        struct.pack("<2sHI", b"II", 42, 8 + len(content)) + content + struct.pack("<H", len(tags)) + entries + bytes(4)
    )


@pytest.mark.parametrize(("bits", "white_is_zero"), [(12, False), (16, False), (16, True)])
def test_the_depth_and_the_white_of_a_tiff_are_those_it_states(tmp_path: Path, bits: int, white_is_zero: bool):
    white = 2**bits - 1
    values = np.array([[0, white], [white // 2, white // 5]])
    (tmp_path / "a.tif").write_bytes(tiff(values, bits, white_is_zero))
    shown = np.array([[0, 255], [127, 51]])
    assert decode(tmp_path, 2, channels=1).tolist() == [(255 - shown if white_is_zero else shown).tolist()]


def test_sixteen_bits_of_a_pgm_are_scaled(tmp_path: Path):
    for white in (65535, 4095):
        values = np.array([[0, white], [white // 2, white // 5]], dtype=">u2")
        (tmp_path / "a.pgm").write_bytes(b"P5 2 2 %d\n" % white + values.tobytes())
        assert decode(tmp_path, 2, channels=1).tolist() == [[[0, 255], [127, 51]]]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_transparent_value_of_sixteen_bit_gray_is_transparent(tmp_path: Path, channels: int):
    Image.fromarray(np.array([[1000, 257 * 9]], dtype=np.uint16)).save(tmp_path / "a.png", transparency=1000)
    image = decode(tmp_path, (1, 2), channels=channels)
    assert image[:, 0, 1].tolist() == ([9, 9, 9, 255] if channels == 4 else [9] * channels)
    assert image[3, 0, 0] == 0 if channels == 4 else image[:, 0, 0].tolist() == [255] * channels


def pages(path: Path, **options: Any) -> None:
    first, second = Image.new("RGB", (2, 2), RED), Image.new("RGB", (2, 2), GREEN)
    first.save(path, save_all=True, append_images=[second], **options)


@pytest.mark.parametrize("ending", ["tif", "gif", "webp", "png", "avif"])
def test_several_pages_are_an_error_unless_the_first_is_meant(tmp_path: Path, ending: str):
    pages(tmp_path / f"a.{ending}")
    with pytest.raises(
        DataError, match=rf'a\.{ending} cannot be read .*several pages or frames: set frames to "first"'
    ):
        decode(tmp_path, 2)
    assert (decode(tmp_path, 2, frames="first") - torch.tensor(RED).view(3, 1, 1)).abs().max() <= 3


def test_the_preview_in_a_camera_s_file_is_no_second_page(tmp_path: Path):
    pages(tmp_path / "a.jpg", format="MPO", quality=100)
    assert (decode(tmp_path, 2) - torch.tensor(RED).view(3, 1, 1)).abs().max() <= 3


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


@pytest.mark.parametrize("wrong", [{"size": 0}, {"channels": 2}, {"fit": "squash"}, {"test_fraction": 1.0}])
def test_values_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        ImageFolder(**{"root": tmp_path, "size": 8} | wrong)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ([218], r"data\.size\[1\]: this field is required"),
        ([218, 178, 3], r"data\.size: it takes at most 2 items"),
        ([218, 0], r"data\.size\[1\]: it has to be at least 1, not 0"),
        ("large", r"data\.size: it has to be a whole number, not 'large'"),
        (0, r"data\.size: it has to be at least 1, not 0"),
    ],
)
def test_a_wrong_size_is_one_problem_with_its_place(
    small: Callable[..., Mapping[str, Any]], registry: Registry, tmp_path: Path, size: object, message: str
):
    spec = small(data={"type": "image-folder", "root": str(tmp_path), "size": size})
    with pytest.raises(SpecError, match=message) as refused:
        read_spec(spec, registry=registry)
    assert len(refused.value.problems) == 1


def test_sizes_and_channels_have_images_of_their_own_in_the_cache(tmp_path: Path):
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    for size, channels in ((4, 3), ((4, 6), 3), ((6, 4), 3), (4, 4)):
        assert decode(tmp_path, size, channels=channels, cache=tmp_path / "cache").shape[0] == channels
    assert len(list((tmp_path / "cache").glob("*/images.npy"))) == 4
