"""Pictures that stay encoded in a table, and are decoded as they are read."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gan_run import DataError, PictureDecoder

if TYPE_CHECKING:
    from datasets import Dataset


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

    def __init__(self, table: "Dataset", column: str, decoder: PictureDecoder) -> None:
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
            name = f"the picture in row {row} of {self._column!r}"
            image.copy_(self._decoder.decode(_open(cell, name), name))
        return images


def _open(cell: Mapping[str, bytes | str | None] | None, name: str) -> io.BytesIO | Path:
    """The picture file of a cell: its bytes, else the file at its path. Raises DataError for an empty cell."""
    match cell:
        case {"bytes": bytes(content)}:
            return io.BytesIO(content)
        case {"path": str(path)}:
            return Path(path)
    raise DataError(f"{name} cannot be read as a picture (the cell is empty)")
