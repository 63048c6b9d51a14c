"""Proxies of what differs between aligned photographs of faces, computed from the pixels alone.

Rendered heads, whose azimuth and light are known, say how good a proxy is (`face_codes.py --heads`). The difference of
the two halves of a picture is no proxy of the pose: it follows the light.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from gan_run import to_float


def grey(images: Tensor) -> Tensor:
    """Brightness in [0, 1]: images (N, C, H, W) of [-1, 1] or of uint8 to (N, H, W)."""
    floats = to_float(images) if images.dtype == torch.uint8 else images
    return (floats.mean(dim=1) + 1) / 2


def light_from_the_side(images: Tensor) -> Tensor:
    """Light from the left or the right: how far the brightness is to the right of the middle, (N,) in [-1, 1].

    The middle half of the rows and columns, where there is a face and not its background; the centroid of brightness.
    """
    return _centroid(_middle(grey(images)).mean(dim=1))


def light_from_above(images: Tensor) -> Tensor:
    """Light from above or below: how far the brightness of the face is below the middle, (N,) in [-1, 1]."""
    return _centroid(_middle(grey(images)).mean(dim=2))


def turn(images: Tensor) -> Tensor:
    """A head turned to the left or the right: how far the features are to the right of the middle, (N,) in [-1, 1].

    Eyes, brows, nose and mouth are dark and small: the centroid of what is darker than its surroundings, by a local
    average over a quarter of the side, in the middle half of the columns.
    """
    pictures = grey(images)
    width = pictures.shape[-1] // 4 | 1
    surroundings = torch.nn.functional.avg_pool2d(
        pictures[:, None], width, stride=1, padding=width // 2, count_include_pad=False
    )[:, 0]
    return _centroid(_middle((surroundings - pictures).clamp(min=0)).mean(dim=1))


def brightness(images: Tensor) -> Tensor:
    """The mean brightness, (N,) in [0, 1]."""
    return grey(images).mean(dim=(1, 2))


def contrast(images: Tensor) -> Tensor:
    """The standard deviation of the brightness, (N,)."""
    return grey(images).std(dim=(1, 2))


PROXIES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "turn": turn,
    "light from the side": light_from_the_side,
    "light from above": light_from_above,
    "brightness": brightness,
    "contrast": contrast,
}
"""Measures (N, C, H, W) to (N,) by their names."""


def _middle(pictures: Tensor) -> Tensor:
    """The middle half of rows and columns, (N, H, W) to (N, H/2, W/2)."""
    height, width = pictures.shape[-2:]
    return pictures[:, height // 4 : height - height // 4, width // 4 : width - width // 4]


def _centroid(weights: Tensor) -> Tensor:
    """The mean place along a line, from -1 to 1, of weights (N, L), none of them negative."""
    places = torch.linspace(-1, 1, weights.shape[1], dtype=weights.dtype)
    return (weights * places).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-6)
