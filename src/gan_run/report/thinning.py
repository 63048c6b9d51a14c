"""Fewer points of a curve that look the same."""

from collections.abc import Mapping

import numpy as np

MOST = 600
"""Points of a curve on a page: more than a chart has pixels."""
Point = tuple[int, float]


def thin(curve: Mapping[int, float], most: int = MOST) -> list[Point]:
    """Keep the first point, the last, and the lowest and the highest of each stretch, so that no spike is lost.

    Args:
        curve: Values by step.
        most: How many points are kept at most, at least 4.

    Returns:
        Points in the order of the steps.
    """
    points = sorted(curve.items())
    if len(points) <= most:
        return points
    values = np.array([value for _, value in points])
    kept = {0, len(points) - 1}
    for stretch in np.array_split(np.arange(1, len(points) - 1), (most - 2) // 2):
        kept |= {int(stretch[values[stretch].argmin()]), int(stretch[values[stretch].argmax()])}
    return [points[index] for index in sorted(kept)]
