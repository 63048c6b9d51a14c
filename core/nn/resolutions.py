"""Sides of images that a network reaches from a small base by upsampling_plan."""

from collections.abc import Iterable
from typing import NamedTuple

from gan_run.core.base.errors import Problem
from gan_run.core.base.image import ImageShape

BASES = range(3, 8)
"""Sides of the smallest feature map; every size is at most one of them times a power of two."""
LARGEST = 256
"""Of the sizes that an error lists."""


class UpsamplingPlan(NamedTuple):
    """How a size is reached: base * 2**times."""

    base: int
    times: int


def upsampling_plan(size: int) -> UpsamplingPlan | None:
    """How to reach `size` from a base between 3 and 7, with the most doublings; None if there is no way."""
    for times in range(size.bit_length(), 0, -1):
        base, rest = divmod(size, 2**times)
        if rest == 0 and base in BASES:
            return UpsamplingPlan(base, times)
    return None


def upsampling_plan_of(image: ImageShape) -> UpsamplingPlan:
    """How to reach the size of these images, which `check_resolution` has let pass."""
    found = upsampling_plan(image.height)
    assert found is not None
    assert image.height == image.width
    return found


def check_resolution(network: str, image: ImageShape) -> Iterable[Problem]:
    """The problem of a network with images that are not square or of a size that cannot be reached, if it has one."""
    if image.height != image.width or upsampling_plan(image.height) is None:
        sizes = ", ".join(str(size) for size in range(6, LARGEST + 1) if upsampling_plan(size))
        yield Problem(("type",), f"no {network} for {image}: square images of {sizes} pixels can be made")
