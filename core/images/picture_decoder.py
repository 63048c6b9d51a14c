"""Decodes picture files to images of one size."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np
import torch
from PIL import Image, ImageColor, ImageOps
from torch import Tensor

from gan_run.core.base.errors import UnreadableError
from gan_run.core.base.files import check_file
from gan_run.core.base.image import ImageShape
from gan_run.core.images.bit_depth import to_eight_bits

Channels = Literal[1, 3, 4]
Fit = Literal["crop", "pad", "stretch"]
Frames = Literal["error", "first"]
MAX_PIXELS = 89_478_485
"""Pillow's limit: a quarter of a GiB of RGB."""
HEIF = frozenset({".heic", ".heif"})
"""The endings of HEIF pictures, which Pillow itself does not read."""
MODES: Mapping[Channels, Literal["L", "RGB", "RGBA"]] = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class PictureDecoder:
    """How picture files become images: upright, cropped, resized, of 8 bits per channel, opaque or with alpha."""

    size: int | tuple[int, int]
    """The side of a square, or (height, width), in pixels."""
    channels: Channels
    fit: Fit
    background: str
    crop: int | None = None
    """Side of the central square that is cropped first, in pixels; None for the whole picture."""
    frames: Frames = "error"
    """What is done about a file of several pages or frames: it is an error, or the first one is the picture."""
    max_pixels: int = MAX_PIXELS
    """The largest picture that is decoded, in pixels: a small file can hold one that exceeds memory."""

    @property
    def image(self) -> ImageShape:
        """The shape of the decoded images."""
        height, width = (self.size, self.size) if isinstance(self.size, int) else self.size
        return ImageShape(self.channels, height, width)

    def decode(self, file: Path | IO[bytes], name: str | None = None) -> Tensor:
        """Decode a picture.

        Args:
            file: A picture file, by its path or open.
            name: What an error calls it; by default its path.

        Returns:
            uint8 (C, H, W).

        Raises:
            UnreadableError: Pillow cannot read it, or its pixels have no defined white.
        """
        try:
            with _opened(file) as opened:
                return self._decode(opened)
        except UnreadableError:
            raise
        except Exception as error:
            raise UnreadableError(f"{name or file} cannot be read as a picture ({_said(error)})") from error

    def decode_picture(self, picture: Image.Image) -> Tensor:
        """Decode an open picture.

        Args:
            picture: A picture of any size and mode.

        Returns:
            uint8 (C, H, W).

        Raises:
            UnreadableError: Its file is damaged, or its pixels have no defined white.
        """
        try:
            return self._decode(picture)
        except Exception as error:
            raise UnreadableError(f"the picture cannot be read ({_said(error)})") from error

    def _decode(self, opened: Image.Image) -> Tensor:
        """uint8 (C, H, W). Pillow raises many kinds of exceptions for damaged files (OSError, SyntaxError, …)."""
        if opened.width * opened.height > self.max_pixels:
            raise ValueError(
                f"it is {opened.width}x{opened.height}, more than {self.max_pixels} pixels: see max_pixels"
            )
        # The second frame of an MPO file, as cameras write, is a preview of the first, or the other eye's picture.
        if self.frames == "error" and getattr(opened, "is_animated", False) and opened.format != "MPO":
            raise ValueError('it has several pages or frames: set frames to "first", or save each in a file')
        picture = self._cut(self._flatten(to_eight_bits(opened)))
        channels, height, width = self.image
        return torch.from_numpy(np.array(self._resize(picture))).view(height, width, channels).permute(2, 0, 1)

    def _flatten(self, picture: Image.Image) -> Image.Image:
        """The picture on the background, or as it is if its alpha channel is kept.

        It comes before resizing: the colours of invisible pixels would bleed.
        """
        mode = MODES[self.channels]
        if mode == "RGBA" or not picture.has_transparency_data:
            return picture.convert(mode)
        picture = picture.convert("RGBA")
        canvas = Image.new("RGBA", picture.size, self.background)
        return Image.alpha_composite(canvas, picture).convert(mode)

    def _cut(self, picture: Image.Image) -> Image.Image:
        if self.crop is None:
            return picture
        if self.crop > min(picture.size):
            raise ValueError(f"a square of {self.crop} pixels cannot be cropped from {picture.width}x{picture.height}")
        left, top = (picture.width - self.crop) // 2, (picture.height - self.crop) // 2
        return picture.crop((left, top, left + self.crop, top + self.crop))

    def _resize(self, picture: Image.Image) -> Image.Image:
        """The picture in the size of the images. Pillow resizes RGBA premultiplied: invisible colours do not bleed."""
        _, height, width = self.image
        if self.fit == "stretch":
            return picture.resize((width, height), Image.Resampling.LANCZOS)
        if self.fit == "crop":
            return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
        scale = min(width / picture.width, height / picture.height)
        across, down = (max(1, round(side * scale)) for side in picture.size)
        canvas = Image.new(picture.mode, (width, height), self._margin(picture.mode))
        resized = picture.resize((across, down), Image.Resampling.LANCZOS)
        canvas.paste(resized, ((width - across) // 2, (height - down) // 2))
        return canvas

    def _margin(self, mode: str) -> int | tuple[int, ...]:
        """The colour around padded pictures: the background, or transparent where the alpha channel is kept."""
        return (0, 0, 0, 0) if mode == "RGBA" else ImageColor.getcolor(self.background, mode)


def _said(error: Exception) -> str:
    """The message of an error; what it is where there is none, as of a lack of memory."""
    return "memory is exhausted" if isinstance(error, MemoryError) else str(error) or type(error).__name__


def _opened(file: Path | IO[bytes]) -> AbstractContextManager[Image.Image]:
    """An open picture file."""
    if isinstance(file, Path):
        check_file(file)
    if not isinstance(file, Path) or file.suffix.lower() not in HEIF:
        return Image.open(file)
    # pillow-heif is an extra, and few need it.
    try:
        from pillow_heif import open_heif
    except ImportError:
        raise ValueError("HEIF pictures need the package pillow-heif: pip install 'gan-run[heif]'") from None
    picture: Image.Image = open_heif(file).to_pillow()
    return picture
