"""Images in a page."""

import io
from collections.abc import Sequence

from PIL import ImageColor
from pydantic import JsonValue
from torch import Tensor

from gan_run.core.base.data_uri import data_uri
from gan_run.core.images.grid import picture_of, pillow_image
from gan_run.core.images.picture_decoder import PictureDecoder


def data_url(image: Tensor, channels: Sequence[int] | None = None) -> str:
    """An image (C, H, W) in [-1, 1] as the URL of a PNG."""
    file = io.BytesIO()
    pillow_image(picture_of(image, channels)).save(file, format="PNG", optimize=True)
    return data_uri(file.getvalue(), "image/png")


def describe_decoder(decoder: PictureDecoder | None) -> JsonValue:
    """How the page decodes a picture, as JSON; None if images are no pictures of 8 bits."""
    if decoder is None:
        return None
    red, green, blue = ImageColor.getrgb(decoder.background)[:3]
    return {
        "channels": decoder.channels,
        "height": decoder.image.height,
        "width": decoder.image.width,
        "fit": decoder.fit,
        "crop": decoder.crop,
        "background": [red, green, blue],
    }
