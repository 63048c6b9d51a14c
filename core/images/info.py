"""The description of a data set: image shape, sizes of the splits, classes and factors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gan_run.core.base.image import ImageShape

Split = Literal["train", "validation", "test"]
FactorKind = Literal["continuous", "angle", "categorical"]
"""An `angle` is in degrees with a period of 360. A pose without a period is `continuous`. A category is an integer."""


class Factor(NamedTuple):
    """A property of every image beyond its class: a pose, a light, an identity."""

    name: str
    kind: FactorKind


@dataclass(frozen=True)
class DataInfo:
    """The description of a data source, read from headers before any image is decoded."""

    image: ImageShape
    """(C, H, W) of every image."""
    sizes: Mapping[Split, int]
    """The number of images of each split, mirrored copies not counted."""
    class_names: tuple[str, ...] | None = None
    """The names of labels 0, 1, …; None where images have no labels."""
    factors: tuple[Factor, ...] = ()
    """The factors of each image, in the order of the columns of `ImageSet.factors`."""
