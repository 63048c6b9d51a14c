"""Images as users have them, converted to the range of networks."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gan_run.core.base.errors import DataError
from gan_run.core.base.image import UINT8, ImageShape, PixelCodec
from gan_run.core.images.picture_decoder import MODES, PictureDecoder
from gan_run.core.images.pixel_range import ONE_SHADE

BEYOND = 10.0
"""Images above this without a negative number are pixels from 0 to 255. Networks without a bounded output leave [-1, 1]
in both directions."""
BRIGHT = 0.9
"""Images in [0, 1] reach this, and images in [-1, 1] that do so have darker pixels too."""

Picture = Path | str | Image.Image
"""A picture file by its path, or an open picture."""
ImageInput = Tensor | NDArray[Any] | Picture | Sequence[Tensor | NDArray[Any] | Picture]
"""Images in any form: see `ImageReader.read`."""


@dataclass(frozen=True)
class ImageReader:
    """Converts images to float tensors in [-1, 1], with the preprocessing of one dataset."""

    shape: ImageShape
    """The shape of the images."""
    codec: PixelCodec
    """How the dataset stores pixels."""
    decoder: PictureDecoder | None
    """How picture files become images; None where images are no pictures of 8 bits per channel."""

    def read(self, given: ImageInput) -> Tensor:
        """Convert images.

        Args:
            given: A tensor or an array, (N, C, H, W) or of one image; an array may also have its channels last, or
                left out if there is one. Floats are in [-1, 1]; integers are pixels as the dataset stores them. Or a
                picture: a path or a PIL image of any size, decoded and resized as the pictures of the dataset. Or a
                sequence of these.

        Returns:
            Float (N, C, H, W) in [-1, 1]; a tensor stays on its device.

        Raises:
            DataError: The images have another shape or type, floats are far outside [-1, 1], or a picture cannot be
                read.
        """
        if isinstance(given, Tensor):
            return self._decoded(given, channels_last=False)
        if isinstance(given, np.ndarray):
            return self._decoded(torch.from_numpy(given), channels_last=True)
        if isinstance(given, (str, Path, Image.Image)):
            return self.codec.decode(self._picture(given).unsqueeze(0))
        if not given:
            raise DataError("images: there are none")
        return torch.cat([self.read(one) for one in given])

    def warn_of_scale(self, given: ImageInput) -> None:
        """Warn if floats look as if they were in [0, 1], or if integers use next to nothing of their range.

        Args:
            given: As for `read`.
        """
        if not isinstance(given, (Tensor, np.ndarray)):
            return
        values = np.asarray(given.detach().cpu() if isinstance(given, Tensor) else given)
        if not values.size:
            return
        low, high = float(values.min()), float(values.max())
        if values.dtype.kind == "f" and low >= 0 and BRIGHT < high <= 1:
            warnings.warn(
                "images: no value is below 0, and floats have to be in [-1, 1]: if these are in [0, 1], give 2 * x - 1",
                stacklevel=4,  # the caller of Model.encode
            )
        elif values.dtype.kind in "ui" and 0 < high - low < ONE_SHADE * (self.codec.high - self.codec.low):
            warnings.warn(
                f"images: their pixels are {low:g} to {high:g}, of {self.codec.low:g} to {self.codec.high:g}, one "
                "shade to the networks: scale them",
                stacklevel=4,
            )

    def _picture(self, given: Picture) -> Tensor:
        if self.decoder is None:
            raise DataError(f"images: those of this model are no pictures of 8 bits per channel, but {self._wanted}")
        if isinstance(given, Image.Image):
            return self.decoder.decode_picture(given)
        return self.decoder.decode(Path(given))

    def _decoded(self, images: Tensor, channels_last: bool) -> Tensor:
        arranged = self._arranged(images, channels_last)
        is_stored = images.dtype == self.codec.torch_dtype and not images.is_floating_point()
        if arranged is None or not (is_stored or images.is_floating_point()):
            raise DataError(f"images: {self._wanted} is needed, not {images.dtype} {tuple(images.shape)}")
        if is_stored:
            return self.codec.decode(arranged)
        if not arranged.isfinite().all():
            raise DataError("images: there are values that are no finite numbers")
        if arranged.numel() and arranged.amin() >= 0 and (largest := arranged.amax().item()) > BEYOND:
            raise DataError(
                f"images: floats have to be in [-1, 1], and these reach {largest:g}: "
                "give pixels from 0 to 255 as uint8, or scale them"
            )
        return arranged

    def _arranged(self, images: Tensor, channels_last: bool) -> Tensor | None:
        """One or several images as (N, C, …); None where their shape is wrong."""
        channels, size = self.shape.channels, self.shape.size
        first, last = tuple(self.shape), (*size, channels)
        forms = [first, *([last] if channels_last else []), *([size] if channels_last and channels == 1 else [])]
        if images.shape in forms:
            images = images.unsqueeze(0)
        form = next((form for form in forms if images.shape[1:] == form), None)
        if form is None:
            return None
        if form == size:
            return images.unsqueeze(1)
        return images if form == first else images.movedim(-1, 1)

    @property
    def _wanted(self) -> str:
        sides = ", ".join(map(str, self.shape))
        stored = "" if self.codec.dtype == "float32" else f", or {self.codec.dtype} as the data has them"
        return f"float (N, {sides}) in [-1, 1]{stored}"


def default_decoder(image: ImageShape, codec: PixelCodec) -> PictureDecoder | None:
    """The decoder of pictures for a dataset that has none of its own: the centre, on white, in the images' size.

    Args:
        image: The shape of the dataset's images.
        codec: How it stores pixels.

    Returns:
        The decoder; None where the images are no pictures of 8 bits per channel.
    """
    channels = next((channels for channels in MODES if channels == image.channels), None)
    if not image.is_picture or codec != UINT8 or channels is None:
        return None
    return PictureDecoder((image.height, image.width), channels, "crop", "white")
