"""The geometric augmentations of ADA, as one affine map of coordinates per image."""

import math

import torch
from torch import Tensor


def maps(n: int, size: tuple[int, int], p: Tensor, *, blit: bool, geom: bool) -> Tensor:
    """Draw random maps; each transform is applied with probability `p` per image.

    Args:
        n: How many maps.
        size: Height and width of the images.
        p: The probability, a scalar in [0, 1].
        blit: Whether to flip, to rotate by quarter turns and to shift by whole pixels.
        geom: Whether to scale, rotate, stretch and shift.

    Returns:
        Affine maps (n, 2, 3) for `warp`.
    """
    maker = Maker(n, size, p)
    if blit:
        maker.flip()
        maker.quarter_turns()
        maker.whole_pixels()
    if geom:
        # Two rotations, before and after the anisotropic scaling; with probability p at least one is applied.
        either = 1 - (1 - p).sqrt()
        maker.scale()
        maker.rotate(either)
        maker.stretch()
        maker.rotate(either)
        maker.shift()
    return maker.maps()


class Maker:
    """Accumulates the product of transforms, in pixel coordinates relative to the centre."""

    def __init__(self, n: int, size: tuple[int, int], p: Tensor) -> None:
        self._n, self._size, self._p = n, size, p
        self._total = torch.eye(3).to(p).repeat(n, 1, 1)

    def flip(self) -> None:
        sign = 1 - 2 * torch.randint(0, 2, (self._n,), device=self._p.device)
        self._apply(self._diagonal(sign, torch.ones_like(sign)), self._p)

    def quarter_turns(self) -> None:
        turns = torch.randint(0, 4, (self._n,), device=self._p.device)
        self._apply(self._rotation(turns * (math.pi / 2)), self._p)

    def whole_pixels(self, share: float = 0.125) -> None:
        height, width = self._size
        across, down = (self._either_way() * share * side for side in (width, height))
        self._apply(self._translation(across.round(), down.round()), self._p)

    def scale(self) -> None:
        factor = torch.exp2(self._normal() * 0.2)
        self._apply(self._diagonal(factor, factor), self._p)

    def rotate(self, probability: Tensor) -> None:
        self._apply(self._rotation(self._either_way() * math.pi), probability)

    def stretch(self) -> None:
        factor = torch.exp2(self._normal() * 0.2)
        self._apply(self._diagonal(factor, 1 / factor), self._p)

    def shift(self) -> None:
        height, width = self._size
        self._apply(self._translation(self._normal() * 0.125 * width, self._normal() * 0.125 * height), self._p)

    def maps(self) -> Tensor:
        """The maps (n, 2, 3), in coordinates from -1 to 1 across the image."""
        height, width = self._size
        unit = torch.tensor([2 / width, 2 / height, 1.0]).to(self._p).diag()
        return (unit @ self._total @ unit.inverse())[:, :2]

    def _apply(self, change: Tensor, probability: Tensor) -> None:
        chosen = torch.rand(self._n, 1, 1, device=self._p.device) < probability
        self._total = torch.where(chosen, self._total @ change, self._total)

    def _either_way(self) -> Tensor:
        return torch.rand(self._n, device=self._p.device) * 2 - 1

    def _normal(self) -> Tensor:
        return torch.randn(self._n, device=self._p.device)

    def _diagonal(self, across: Tensor, down: Tensor) -> Tensor:
        return torch.stack([across, down, torch.ones_like(across)], dim=1).to(self._p).diag_embed()

    def _rotation(self, angle: Tensor) -> Tensor:
        turned = torch.eye(3).to(self._p).repeat(self._n, 1, 1)
        turned[:, 0, 0] = turned[:, 1, 1] = angle.cos()
        turned[:, 0, 1], turned[:, 1, 0] = -angle.sin(), angle.sin()
        return turned

    def _translation(self, across: Tensor, down: Tensor) -> Tensor:
        moved = torch.eye(3).to(self._p).repeat(self._n, 1, 1)
        moved[:, 0, 2], moved[:, 1, 2] = across, down
        return moved
