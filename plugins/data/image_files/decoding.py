"""Decodes picture files to images of one size: upright, 8 bits per channel, opaque or with an alpha channel."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from PIL import Image, ImageColor, ImageOps
from pydantic import Discriminator, Field, Tag
from torch import Tensor

from gan_run import Decoded, Decoding, ImageShape, UnreadableError, decode_once

Fit = Literal["crop", "pad", "stretch"]
OnError = Literal["error", "skip"]
Channels = Literal[1, 3, 4]
Side = Annotated[int, Field(ge=1)]


def _shape_of_size(size: object) -> Literal["square", "rectangle"]:
    return "rectangle" if isinstance(size, (list, tuple)) else "square"


Size = Annotated[
    Annotated[Side, Tag("square")] | Annotated[tuple[Side, Side], Tag("rectangle")], Discriminator(_shape_of_size)
]
"""The side of a square, or (height, width), in pixels. A wrong value has the errors of the form it is written in."""

MODES: dict[Channels, Literal["L", "RGB", "RGBA"]] = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class Decoder:
    """How pictures are cropped, resized and converted."""

    size: int | tuple[int, int]
    """The side of a square, or (height, width), in pixels."""
    channels: Channels
    fit: Fit
    background: str
    crop: int | None = None
    """Side of the central square that is cropped first, in pixels; None for the whole picture."""

    @property
    def image(self) -> ImageShape:
        """The shape of the decoded images."""
        height, width = (self.size, self.size) if isinstance(self.size, int) else self.size
        return ImageShape(self.channels, height, width)

    def decode(self, path: Path) -> Tensor:
        """The picture in `path`, uint8 (C, H, W). Raises UnreadableError."""
        # Pillow raises many kinds of exceptions for damaged files (OSError, SyntaxError, struct.error, …), and its
        # warning about decompression bombs is an error here (see `_bombs_are_errors`).
        try:
            with Image.open(path) as file:
                upright = ImageOps.exif_transpose(file)
                picture = self._cut(self._flatten(_to_eight_bits(upright, file.format)))
        except Exception as error:
            raise UnreadableError(f"{path} cannot be read as a picture ({error})") from error
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


def decode_pictures(paths: Sequence[Path], decoder: Decoder, cache: Path, on_error: OnError) -> Decoded:
    """Decode pictures, or read them from the cache. Raises DataError; unreadable files raise it unless skipped."""

    def decode(path: Path) -> Tensor:
        try:
            return decoder.decode(path)
        except UnreadableError as error:
            if on_error == "skip":
                raise
            raise UnreadableError(f'{error}; set data.on_error to "skip" to skip such files') from error

    decoding = Decoding(paths, decoder.image, asdict(decoder), decode, skip_unreadable=on_error == "skip")
    with _bombs_are_errors():
        return decode_once(decoding, cache)


@contextmanager
def _bombs_are_errors() -> Iterator[None]:
    # The list of warning filters is shared by all threads, so it is set once, around the pool.
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _to_eight_bits(picture: Image.Image, file_format: str | None) -> Image.Image:
    """Scale 16-bit gray down to 8 bits; Pillow's own conversion clips it to white."""
    # Older Pillows open 16-bit gray PNG as 32-bit integers.
    if picture.mode.startswith("I;16") or (picture.mode == "I" and file_format == "PNG"):
        values = np.asarray(picture).astype(np.uint32)
        return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise ValueError("32-bit pixels have no defined white: save the file with 8 or 16 bits")
    return picture
