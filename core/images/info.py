"""What is known of a source before any image is decoded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gan_run.core.base.image import ImageShape

Split = Literal["train", "validation", "test"]
FactorKind = Literal["continuous", "angle", "categorical"]
"""An angle is in degrees and comes round again at 360: a pose that does not is continuous. Categories are integers."""


class Factor(NamedTuple):
    """Something known of every image beyond its class: a pose, a light, an identity."""

    name: str
    kind: FactorKind


@dataclass(frozen=True)
class DataInfo:
    """What is known of a source before any image is decoded."""

    image: ImageShape
    sizes: Mapping[Split, int]
    """How many images each split has (before mirroring)."""
    class_names: tuple[str, ...] | None = None
    """What label 0, 1, … mean; None where images carry no labels."""
    factors: tuple[Factor, ...] = ()
    """What else is known of each image, by column of `ImageSet.factors`."""
