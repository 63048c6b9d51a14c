"""Images through affine maps of their coordinates."""

from typing import Literal

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F

Padding = Literal["border", "reflection"]
BILINEAR = 0
PADDINGS: dict[Padding, int] = {"border": 1, "reflection": 2}
"""As torch numbers them."""


def warp(images: Tensor, maps: Tensor, padding: Padding) -> Tensor:
    """Each image (N, C, H, W) through its map (N, 2, 3) from the coordinates of the result to those of the image, both
    [-1, 1] across the image; bilinear. In full precision, for coordinates of half types would be pixels off."""
    with torch.autocast(images.device.type, enabled=False):
        grid = F.affine_grid(maps.to(images), list(images.shape), align_corners=False)
        warped = Sample.apply(images, grid, PADDINGS[padding])
        assert isinstance(warped, Tensor)
        return warped


class Sample(Function):
    """torch's `grid_sample`, whose gradient can itself be differentiated, as gradient penalties need and torch's own
    cannot. Linear in the images, so that either of the two is the other's derivative; the grid gets none."""

    @staticmethod
    def forward(ctx: FunctionCtx, images: Tensor, grid: Tensor, padding: int) -> Tensor:
        ctx.save_for_backward(images, grid)
        ctx.padding = padding  # type: ignore[attr-defined]  # where torch wants what is no tensor
        return torch.grid_sampler(images, grid, BILINEAR, padding, False)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None, None]:
        images, grid = ctx.saved_tensors  # type: ignore[attr-defined]
        spread = Spread.apply(gradient, images, grid, ctx.padding)  # type: ignore[attr-defined]
        return spread, None, None


class Spread(Function):
    """The transpose of `Sample`: what each pixel of the result has, given back to those it was made of."""

    @staticmethod
    def forward(ctx: FunctionCtx, gradient: Tensor, images: Tensor, grid: Tensor, padding: int) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.padding = padding  # type: ignore[attr-defined]
        spread, _ = torch.ops.aten.grid_sampler_2d_backward(
            gradient.contiguous(), images, grid, BILINEAR, padding, False, [True, False]
        )
        assert isinstance(spread, Tensor)
        return spread

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (grid,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return Sample.apply(gradient, grid, ctx.padding), None, None, None  # type: ignore[attr-defined]
