from typing import Any, Literal

import numpy as np
import pytest
import torch

from gan_run import DataError, DataInfo, DataSource, ImageSet, ImageShape, PixelCodec, Splits

BYTES = PixelCodec()


class Held(DataSource):
    """Some stored pixels."""

    type: Literal["held"] = "held"
    pixels: Any = None
    codec: Any = BYTES

    def describe(self) -> DataInfo:
        sizes: dict[Any, int] = {"train": len(self.pixels), "test": 0}
        return DataInfo(ImageShape(*self.pixels.shape[1:]), sizes, codec=self.codec)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        return ImageSet(torch.from_numpy(self.pixels if split == "train" else self.pixels[:0]), codec=self.codec)


def held(values: Any, codec: PixelCodec) -> Splits:
    pixels = np.random.default_rng(0).choice(np.asarray(values, codec.dtype), (40, 1, 4, 4))
    return Splits(Held(pixels=pixels, codec=codec))


@pytest.mark.parametrize(
    ("values", "codec", "shown"),
    [
        ([0, 1], BYTES, "0 to 1, of 0 to 255"),
        ([254, 255], BYTES, "254 to 255, of 0 to 255"),
        (range(256), PixelCodec("uint16", 0, 65535), "0 to 255, of 0 to 65535"),
        ([0.0, 0.5, 1.0], PixelCodec("float32", 0, 255), "0 to 1, of 0 to 255"),
    ],
)
def test_pixels_of_one_shade_are_refused(values: Any, codec: PixelCodec, shown: str) -> None:
    with pytest.raises(DataError, match=f"the training images are {shown}, one shade to the networks: scale"):
        held(values, codec)["train"]


@pytest.mark.parametrize(
    ("values", "codec", "warns"),
    [
        (range(16), BYTES, True),
        (range(0, 4096, 5), PixelCodec("uint16", 0, 65535), True),
        (range(128), BYTES, False),
        ([0, 1], PixelCodec("uint8", 0, 1), False),
        ([7], BYTES, False),  # of no contrast at all, as in a test of something else
    ],
)
def test_dark_pixels_are_warned_of(
    values: Any, codec: PixelCodec, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    assert held(values, codec)["train"].count == 40
    assert [("so they are dark" in message) for message in caplog.messages] == [True] * warns


def test_one_bright_image_of_many_is_enough(caplog: pytest.LogCaptureFixture) -> None:
    pixels = np.random.default_rng(0).integers(0, 2, (3000, 1, 2, 2), np.uint8)
    pixels[2999, 0, 0, 0] = 200
    assert Splits(Held(pixels=pixels))["train"].count == 3000
    assert caplog.messages == []
