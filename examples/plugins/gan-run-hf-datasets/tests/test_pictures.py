"""How pictures of a table are decoded."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset
from gan_run_hf_datasets.pictures import TablePictures
from PIL import Image
from tables import png

from gan_run import DataError, PictureDecoder

PLAIN = PictureDecoder(size=(2, 4), channels=3, fit="stretch", background="white")


def pictures(*contents: bytes | str | None, decoder: PictureDecoder = PLAIN) -> torch.Tensor:
    store = TablePictures(Dataset.from_dict({"image": contents}), "image", decoder)
    return store[torch.arange(len(contents))]


def halves(left: tuple[int, ...], right: tuple[int, ...], mode: str = "RGB") -> Image.Image:
    """A picture of 8x4 pixels, of two colours."""
    picture = Image.new(mode, (8, 4), left)
    picture.paste(right, (4, 0, 8, 4))
    return picture


def test_bytes_and_paths_are_pictures_too(tmp_path: Path) -> None:
    content = png(halves((10, 20, 30), (40, 50, 60)))
    (tmp_path / "x.png").write_bytes(content)
    expected = (
        torch.tensor([[10, 20, 30]] * 2 + [[40, 50, 60]] * 2, dtype=torch.uint8).T.expand(2, 3, 4).permute(1, 0, 2)
    )
    assert torch.equal(pictures(content)[0][:, :, [0, 3]], expected[:, :, [0, 3]])
    assert torch.equal(pictures(content), pictures(str(tmp_path / "x.png")))


def test_rows_are_read_in_any_order_and_none_is_no_error() -> None:
    table = Dataset.from_dict({"image": [png(Image.new("L", (2, 2), number)) for number in range(5)]})
    store = TablePictures(table, "image", PictureDecoder(2, 1, "crop", "white"))
    assert store.shape == (5, 1, 2, 2)
    assert store[torch.tensor([4, 0, 4])][:, 0, 0, 0].tolist() == [4, 0, 4]
    assert store[torch.arange(0)].shape == (0, 1, 2, 2)


def test_several_threads_read_the_same_as_one() -> None:
    table = Dataset.from_dict({"image": [png(Image.new("L", (2, 2), number)) for number in range(200)]})
    store = TablePictures(table, "image", PictureDecoder(2, 1, "crop", "white"))
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda part: store[part], torch.arange(200).flip(0).split(5)))
    assert torch.cat(parts)[:, 0, 0, 0].tolist() == list(range(199, -1, -1))


def test_a_picture_gets_its_shape_by_cropping_padding_or_stretching() -> None:
    content = png(halves((200, 0, 0), (0, 0, 200)))  # 8x4
    cropped, padded, stretched = (
        pictures(content, decoder=PictureDecoder(4, 3, fit, "#00ff00"))[0] for fit in ("crop", "pad", "stretch")
    )
    assert cropped[0, :, 0].tolist() == [200] * 4
    assert padded[1, :, 0].tolist() == [255, 0, 0, 255]
    assert stretched[2, :, 3].min() > 190
    assert stretched[1].max() == 0


def test_a_picture_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # it was taken with the camera turned: its top is at the right
    content = png(halves((200, 0, 0), (0, 0, 200)), exif=exif)
    upright = pictures(content, decoder=PictureDecoder((8, 4), 3, "stretch", "white"))[0]
    assert upright[0, :4].min() == 200
    assert upright[2, 4:].min() == 200


def test_transparent_pixels_show_the_background_or_stay_transparent() -> None:
    content = png(halves((200, 0, 0, 255), (9, 9, 9, 0), mode="RGBA"))
    shown = pictures(content, decoder=PictureDecoder((4, 8), 3, "crop", "#0000ff"))[0]
    assert shown[:, 0, 7].tolist() == [0, 0, 255]
    assert shown[:, 0, 0].tolist() == [200, 0, 0]
    kept = pictures(content, decoder=PictureDecoder((4, 8), 4, "crop", "white"))[0]
    assert kept[3, 0].tolist() == [255] * 4 + [0] * 4
    assert pictures(content, decoder=PictureDecoder(8, 4, "pad", "white"))[0][3, 0].tolist() == [0] * 8


def tiff_of_floats() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((2, 2), dtype=np.float32)).save(file, format="TIFF")
    return file.getvalue()


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (None, "the cell is empty"),
        (b"", "cannot identify image file"),
        (b"<html>", "cannot identify image file"),
        (png(Image.effect_noise((64, 64), 50))[:-2000], "truncated"),
        (tiff_of_floats(), "no defined white"),
    ],
)
def test_a_picture_that_cannot_be_decoded_is_named_by_its_row(cell: bytes | None, message: str) -> None:
    with pytest.raises(DataError, match=rf"the picture in row 1 of 'image' cannot be read as a picture \(.*{message}"):
        pictures(png(Image.new("L", (2, 2))), cell)


@pytest.mark.parametrize("path", ["nowhere.png", "https://example.org/x.png"])
def test_a_path_where_nothing_is_is_an_error_and_nothing_is_downloaded(path: str) -> None:
    with pytest.raises(DataError, match="No such file or directory"):
        pictures(path)


def test_gray_of_16_bits_is_scaled_and_not_clipped() -> None:
    content = io.BytesIO()
    Image.fromarray(np.full((4, 4), 32896, np.uint16)).save(content, format="PNG")
    gray = PictureDecoder(4, 1, "stretch", "white")
    assert set(pictures(content.getvalue(), decoder=gray).flatten().tolist()) == {128}
