"""Image sizes that a network reaches from a small feature map by doublings."""

from collections.abc import Iterable
from typing import NamedTuple

from gan_run.core.base.errors import Problem
from gan_run.core.base.image import ImageShape

BASES = range(3, 8)
"""Sides of the smallest feature map."""
LARGEST = 256
"""The largest size that an error message lists."""


class UpsamplingPlan(NamedTuple):
    """How a size is reached: base * 2**times."""

    base: int
    """The side of the smallest feature map, in pixels."""
    times: int
    """The number of doublings."""


def upsampling_plan(size: int) -> UpsamplingPlan | None:
    """The plan with the most doublings that reaches `size` pixels, from a base of 3 to 7; None if there is none."""
    for times in range(size.bit_length(), 0, -1):
        base, rest = divmod(size, 2**times)
        if rest == 0 and base in BASES:
            return UpsamplingPlan(base, times)
    return None


def upsampling_plan_of(image: ImageShape) -> UpsamplingPlan:
    """The plan for images that `check_resolution` has accepted.

    Args:
        image: the shape of the images, square.

    Returns:
        The plan with the most doublings.
    """
    plan = upsampling_plan(image.height)
    assert plan is not None, f"check_resolution refuses {image}"
    assert image.height == image.width, f"check_resolution refuses {image}"
    return plan


def check_resolution(network: str, image: ImageShape) -> Iterable[Problem]:
    """Check that doublings reach the size of the images.

    Args:
        network: the network's name, for the message.
        image: the shape of the images.

    Returns:
        One problem, at `type`, if the images are not square or no plan reaches their size; else none.
    """
    if image.height != image.width or upsampling_plan(image.height) is None:
        sizes = ", ".join(str(size) for size in range(6, LARGEST + 1) if upsampling_plan(size))
        yield Problem(("type",), f"no {network} for {image}: square images of {sizes} pixels can be made")
