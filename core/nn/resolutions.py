"""Image sizes that a network reaches from a small feature map by doublings."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from torch import nn

from gan_run.core.base.errors import Problem
from gan_run.core.base.image import ImageShape

BASES = range(3, 8)
"""Shorter sides of the smallest feature map, in pixels."""
SMALLEST = 5
"""The smallest side of an image, in pixels: the smallest base, doubled once, is 6, of which one pixel is cropped."""


class UpsamplingPlan(NamedTuple):
    """How a size is reached: base * 2**times on each axis, as large as the image or a little larger."""

    base: tuple[int, int]
    """Height and width of the smallest feature map, in pixels."""
    times: int
    """The number of doublings of both axes."""

    def sizes(self) -> list[tuple[int, int]]:
        """Height and width, in pixels, from the smallest feature map to the largest: `times` + 1 pairs."""
        height, width = self.base
        return [(height * 2**level, width * 2**level) for level in range(self.times + 1)]

    def crop(self, image: ImageShape) -> list[nn.Module]:
        """The end of a generator: crops the centre of the largest size to the size of the images.

        Args:
            image: the shape of the images.

        Returns:
            A list of one layer without parameters, empty if the plan reaches the size exactly.
        """
        return _pad([-margin for margin in self._margins(image)])

    def pad(self, image: ImageShape) -> list[nn.Module]:
        """The start of a trunk: adds zeros around the images up to the largest size, as convolutions do at the edge.

        Args:
            image: the shape of the images.

        Returns:
            A list of one layer without parameters, empty if the plan reaches the size exactly.
        """
        return _pad(self._margins(image))

    def _margins(self, image: ImageShape) -> list[int]:
        """Pixels of the largest size to the left, right, top and bottom of the image."""
        height, width = self.sizes()[-1]
        down, across = height - image.height, width - image.width
        return [across // 2, across - across // 2, down // 2, down - down // 2]


def upsampling_plan_of(image: ImageShape) -> UpsamplingPlan:
    """The plan for images that `check_resolution` has accepted.

    The shorter side of the base is 3 to 7 pixels. Of the plans whose largest size covers the image, it is the one with
    the fewest pixels, and of equal ones that with the most doublings. A square of 28 pixels is made from 7x7 by two
    doublings, 64 from 4x4 by four; 218x178 is cropped from 224x192, which is made from 7x6 by five.

    Args:
        image: the shape of the images.

    Returns:
        The plan.
    """
    sides = (image.height, image.width)
    plans = [_covering(sides, times) for times in range(min(sides).bit_length(), 0, -1)]
    possible = [plan for plan in plans if min(plan.base) in BASES]
    assert possible, f"check_resolution refuses {image}"
    return min(possible, key=lambda plan: math.prod(plan.sizes()[-1]))


def check_resolution(network: str, image: ImageShape) -> Iterable[Problem]:
    """Check that a plan reaches the size of the images.

    Args:
        network: the network's name, for the message.
        image: the shape of the images.

    Returns:
        One problem, at `type`, if a side of the images is shorter than 5 pixels; else none.
    """
    if min(image.height, image.width) < SMALLEST:
        yield Problem(("type",), f"no {network} for {image}: each side needs at least {SMALLEST} pixels")


def _covering(sides: tuple[int, int], times: int) -> UpsamplingPlan:
    """The smallest plan of so many doublings that is as large as `sides` (height, width) or larger."""
    height, width = sides
    return UpsamplingPlan((math.ceil(height / 2**times), math.ceil(width / 2**times)), times)


def _pad(margins: list[int]) -> list[nn.Module]:
    left, right, top, bottom = margins
    return [nn.ZeroPad2d((left, right, top, bottom))] if any(margins) else []
