"""Images as users have them become floats in [-1, 1]."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from gan_run import ImageShape, PictureDecoder, PixelCodec
from gan_run.core.images.image_reader import ImageInput, ImageReader, default_decoder

COLOUR, GRAY = ImageShape(3, 4, 6), ImageShape(1, 4, 6)


def reader(shape: ImageShape = COLOUR, codec: PixelCodec | None = None) -> ImageReader:
    codec = codec or PixelCodec()
    return ImageReader(shape, codec, default_decoder(shape, codec))


def pixels(shape: ImageShape, n: int = 2) -> Tensor:
    return torch.randint(256, (n, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", [COLOUR, GRAY])
def test_every_form_of_the_same_images_is_read_alike(shape: ImageShape) -> None:
    stored = pixels(shape)
    expected = stored.double() / 127.5 - 1
    channels_last = stored.movedim(1, -1).numpy()
    forms: list[ImageInput] = [
        stored,
        expected.float(),
        expected,
        stored.numpy(),
        expected.numpy(),
        channels_last,
        list(stored),
        [one.numpy() for one in stored],
        list(channels_last),
        [Image.fromarray(one.squeeze()) for one in channels_last],
    ]
    if shape is GRAY:
        forms += [channels_last[..., 0], list(channels_last[..., 0])]
    for form in forms:
        torch.testing.assert_close(reader(shape).read(form).double(), expected, atol=1e-6, rtol=0)


def test_one_image_is_a_batch_of_one(tmp_path: Path) -> None:
    (stored,) = pixels(COLOUR, n=1)
    picture = Image.fromarray(stored.movedim(0, -1).numpy())
    picture.save(tmp_path / "a.png")
    expected = stored.float() / 127.5 - 1
    for one in (
        stored,
        stored.numpy(),
        stored.movedim(0, -1).numpy(),
        picture,
        tmp_path / "a.png",
        str(tmp_path / "a.png"),
    ):
        torch.testing.assert_close(reader().read(one), expected.unsqueeze(0), atol=1e-6, rtol=0)


def test_a_batch_of_gray_arrays_is_not_taken_for_channels() -> None:
    shape = ImageShape(1, 5, 5)
    stored = pixels(shape, n=5)
    assert torch.equal(reader(shape).read(stored[:, 0].numpy()), reader(shape).read(stored))


def test_pictures_are_resized_by_the_decoder_of_the_data(tmp_path: Path) -> None:
    Image.new("RGB", (40, 10), "red").save(tmp_path / "wide.png")
    padded = ImageReader(COLOUR, PixelCodec(), PictureDecoder((4, 6), 3, "pad", "black"))
    (image,) = padded.read([tmp_path / "wide.png"])
    assert image[0].max() == 1
    assert image[:, 0].max() == -1  # the margin above
    (cropped,) = reader().read([tmp_path / "wide.png"])
    assert (cropped[0] == 1).all()


def test_floats_that_look_as_if_they_were_in_0_to_1_cost_a_warning() -> None:
    unit = pixels(GRAY).double() / 255
    with pytest.warns(UserWarning, match=r"no value is below 0, .* give 2 \* x - 1"):
        reader(GRAY).warn_of_scale(unit)
    for images in (2 * unit - 1, unit.numpy() / 2, pixels(GRAY), [unit.numpy()], unit[:0]):
        reader(GRAY).warn_of_scale(images)


def test_floats_far_outside_the_range_are_refused() -> None:
    for wrong in (pixels(COLOUR).float(), pixels(COLOUR).numpy().astype(np.float64)):
        with pytest.raises(ValueError, match=r"in \[-1, 1\], and these reach 25\d: give pixels from 0 to 255 as uint8"):
            reader().read(wrong)
    unbounded = torch.full((1, *COLOUR), 1.7)
    assert reader().read(unbounded) is unbounded


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((2, 4, 6), dtype=np.uint8), torch.zeros(2, 4, 6, 3), torch.zeros(4, 6), np.zeros((2, 4, 6, 3), int)],
)
def test_another_shape_or_type_is_refused_with_what_is_needed(wrong: ImageInput) -> None:
    with pytest.raises(ValueError, match=r"float \(N, 3, 4, 6\) in \[-1, 1\], or uint8 .* is needed, not torch\."):
        reader().read(wrong)


def test_no_images_are_refused() -> None:
    with pytest.raises(ValueError, match="there are none"):
        reader().read([])


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"a\.png cannot be read as a picture"):
        reader().read(tmp_path / "a.png")


def test_stored_pixels_of_another_type_are_decoded_by_the_codec_and_pictures_refused() -> None:
    codec = PixelCodec("uint16", 0, 1000)
    deep = reader(GRAY, codec)
    found = deep.read(np.full((1, *GRAY), 1000, dtype=np.uint16))
    assert (found == 1).all()
    with pytest.raises(ValueError, match=r"no pictures of 8 bits per channel, but float \(N, 1, 4, 6\)"):
        deep.read(Image.new("L", (6, 4)))


def test_a_signal_has_no_decoder() -> None:
    assert default_decoder(ImageShape(1, 100), PixelCodec()) is None
    assert default_decoder(ImageShape(5, 8, 8), PixelCodec()) is None
