"""Stand-ins of a dataset's images: random ones of its shape, for which no file is decoded or downloaded."""

import math

import torch
from torch import Tensor

from gan_run.core.base.image import ImageShape, PixelCodec
from gan_run.core.base.randomness import generator_of
from gan_run.core.images.columns import Column, Columns
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo, Split
from gan_run.core.kinds.data_source import Splits

CATEGORIES = 2
"""How many categories a column has whose names are not known."""


class StandInSplits(Splits):
    """The splits of a dataset in their sizes, with random images, classes and columns."""

    def __getitem__(self, split: Split) -> ImageSet:
        count = self.info.sizes[split]
        pixels = RandomPixels(count, self.info.image, self.info.codec)
        return ImageSet(pixels, random_columns(self.info, count), codec=self.info.codec)


class RandomPixels:
    """A store of images that have uniformly distributed pixels. Each is drawn when it is read.

    Args:
        count: The number of images.
        image: The shape of each.
        codec: How pixels are stored.
    """

    def __init__(self, count: int, image: ImageShape, codec: PixelCodec) -> None:
        self.shape = (count, *image)
        self.dtype = codec.torch_dtype
        self._codec = codec

    def __getitem__(self, rows: Tensor, /) -> Tensor:
        generator = generator_of("stand-in", int(rows.sum()))
        drawn = torch.rand(len(rows), *self.shape[1:], generator=generator)
        return self._codec.encode(2 * drawn - 1)


def random_columns(info: DataInfo, count: int) -> Columns:
    """Columns as a dataset has them, for images that stand in for its own.

    Args:
        info: The dataset's description.
        count: The number M of images.

    Returns:
        (M, …) by name: every category about as often, numbers from 0 to 1 and angles from 0 to 360. All images have
        the same vector, which takes no memory.
    """
    return {name: _random_column(name, column, count) for name, column in info.columns.items()}


def _random_column(name: str, column: Column, count: int) -> Tensor:
    generator = generator_of("stand-in", name)
    rows = count if column.shape == () else 1
    shape = (rows, *column.shape)
    if column.kind == "categorical":
        categories = CATEGORIES if column.names is None else len(column.names)
        found = torch.arange(math.prod(shape)).view(shape) % categories
    else:
        found = torch.rand(shape, generator=generator) * (360 if column.kind == "angle" else 1)
    return found.expand(count, *column.shape)
