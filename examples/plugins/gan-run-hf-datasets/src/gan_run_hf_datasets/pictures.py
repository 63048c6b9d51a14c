"""Pictures that stay encoded in a table, and are decoded as they are read."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import torch
from PIL import Image, ImageColor, ImageOps
from pydantic import Field
from torch import Tensor

from gan_run import DataError, ImageShape

if TYPE_CHECKING:
    from datasets import Dataset

Channels = Literal[1, 3, 4]
Fit = Literal["crop", "pad", "stretch"]
Side = Annotated[int, Field(ge=1)]
MODES: Mapping[Channels, Literal["L", "RGB", "RGBA"]] = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class Decoder:
    """How pictures become images of one size."""

    size: int | tuple[int, int]
    """The side of a square, or (height, width), in pixels."""
    channels: Channels
    fit: Fit
    background: str

    @property
    def image(self) -> ImageShape:
        """The shape of the images."""
        height, width = (self.size, self.size) if isinstance(self.size, int) else self.size
        return ImageShape(self.channels, height, width)

    def decode(self, content: bytes) -> Tensor:
        """Decode a picture.

        Args:
            content: A picture file.

        Returns:
            uint8 (C, H, W): upright, in the size of the images.

        Raises:
            Exception: Pillow cannot read it, with an exception of any kind; or its pixels have no defined white.
        """
        with Image.open(io.BytesIO(content)) as file:
            picture = self._resized(self._flattened(ImageOps.exif_transpose(file)))
        channels, height, width = self.image
        return torch.from_numpy(np.array(picture)).view(height, width, channels).permute(2, 0, 1)

    def _flattened(self, picture: Image.Image) -> Image.Image:
        """The picture on the background, or with its alpha channel. It comes before resizing, which mixes colours."""
        if picture.mode.startswith(("I", "F")):
            raise ValueError(f"pixels of the mode {picture.mode} have no defined white: store 8 bits per channel")
        mode = MODES[self.channels]
        if mode == "RGBA" or not picture.has_transparency_data:
            return picture.convert(mode)
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, self.background), picture).convert(mode)

    def _resized(self, picture: Image.Image) -> Image.Image:
        _, height, width = self.image
        if self.fit == "stretch":
            return picture.resize((width, height), Image.Resampling.LANCZOS)
        if self.fit == "crop":
            return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
        margin = (0, 0, 0, 0) if picture.mode == "RGBA" else ImageColor.getcolor(self.background, picture.mode)
        return ImageOps.pad(picture, (width, height), Image.Resampling.LANCZOS, color=margin)


class TablePictures:
    """The pictures of a table's column: an `ImageStore`.

    Args:
        table: The table.
        column: The column: pictures, the bytes of picture files, or their paths on this machine.
        decoder: How they are decoded.

    Raises:
        DataError: The column has something else.
    """

    dtype = torch.uint8

    def __init__(self, table: "Dataset", column: str, decoder: Decoder) -> None:
        from datasets import Image as Picture

        try:
            self._cells = table.select_columns([column]).cast_column(column, Picture(decode=False))
        except Exception as error:  # the library documents no list of what it raises
            raise DataError(
                f"data.image: the column {column!r} has no pictures, but {table.features[column]}"
            ) from error
        self._column = column
        self._decoder = decoder
        self.shape = (table.num_rows, *decoder.image)

    def __getitem__(self, rows: Tensor, /) -> Tensor:
        """Read images: see `ImageStore`. Raises DataError if a picture cannot be decoded."""
        images = torch.empty((len(rows), *self._decoder.image), dtype=self.dtype)
        cells = self._cells[rows.tolist()][self._column] if len(rows) else []
        for image, row, cell in zip(images, rows.tolist(), cells, strict=True):
            try:
                image.copy_(self._decoder.decode(_content(cell)))
            except Exception as error:  # Pillow raises many kinds of exceptions for damaged files
                raise DataError(f"the picture in row {row} of {self._column!r} cannot be decoded ({error})") from error
        return images


def _content(cell: Mapping[str, bytes | str | None] | None) -> bytes:
    """The picture file of a cell: its bytes, else what is at its path."""
    match cell:
        case {"bytes": bytes(content)}:
            return content
        case {"path": str(path)}:
            return Path(path).read_bytes()
    raise ValueError("the cell is empty")
