"""Affine warps of images, with second derivatives."""

from typing import Literal

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F

Padding = Literal["border", "reflection"]
BILINEAR = 0
PADDINGS: dict[Padding, int] = {"border": 1, "reflection": 2}
"""Torch's numbers of padding modes."""


def warp(images: Tensor, maps: Tensor, padding: Padding) -> Tensor:
    """Warp images, with bilinear interpolation.

    Args:
        images: (N, C, H, W).
        maps: (N, 2, 3), from coordinates of the result to coordinates of the image, both from -1 to 1.
        padding: What fills the outside.

    Returns:
        Images (N, C, H, W), computed in float32: half-precision coordinates are off by pixels.
    """
    with torch.autocast(images.device.type, enabled=False):
        grid = F.affine_grid(maps.to(images), list(images.shape), align_corners=False)
        warped = Sample.apply(images, grid, PADDINGS[padding])
        assert isinstance(warped, Tensor)
        return warped


class Sample(Function):
    """torch's `grid_sample` with a differentiable gradient, which gradient penalties need.

    Sampling is linear in the images: its derivative is the transpose, `Spread`, whose derivative is `Sample` again. The
    grid gets no gradient.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, images: Tensor, grid: Tensor, padding: int) -> Tensor:
        ctx.save_for_backward(images, grid)
        ctx.padding = padding  # type: ignore[attr-defined]  # torch's place for values that are not tensors
        return torch.grid_sampler(images, grid, BILINEAR, padding, False)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None, None]:
        images, grid = ctx.saved_tensors  # type: ignore[attr-defined]
        spread = Spread.apply(gradient, images, grid, ctx.padding)  # type: ignore[attr-defined]
        return spread, None, None


class Spread(Function):
    """The transpose of `Sample`: adds each pixel of the result to the pixels that it was interpolated from."""

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
