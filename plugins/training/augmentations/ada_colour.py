"""The colour transforms of ADA, combined into one affine map of colours per image."""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def recolour(images: Tensor, p: Tensor) -> Tensor:
    """Transform the colours of images.

    Args:
        images: (N, C, H, W) with three channels or one; one channel is treated as the grey of three.
        p: The probability of each transform for each image, a scalar.

    Returns:
        Images (N, C, H, W).
    """
    maps = _maps(len(images), p)  # (N, 4, 4)
    factor, offset = maps[:, :3, :3], maps[:, :3, 3:]
    if images.shape[1] == 1:
        factor, offset = factor.sum(dim=2, keepdim=True).mean(dim=1, keepdim=True), offset.mean(dim=1, keepdim=True)
    with torch.autocast(images.device.type, enabled=False):
        return (factor.to(images) @ images.flatten(2) + offset.to(images)).view_as(images)


def _maps(n: int, p: Tensor) -> Tensor:
    """Affine maps of colours (n, 4, 4): brightness, contrast, luma flip, hue, saturation."""
    total = torch.eye(4, device=p.device).repeat(n, 1, 1)
    for change in CHANGES:
        chosen = torch.rand(n, 1, 1, device=p.device) < p
        total = torch.where(chosen, change(n, p.device) @ total, total)
    return total


def _brightness(n: int, device: torch.device) -> Tensor:
    brighter = torch.eye(4, device=device).repeat(n, 1, 1)
    brighter[:, :3, 3] = torch.randn(n, 1, device=device) * 0.2
    return brighter


def _contrast(n: int, device: torch.device) -> Tensor:
    factor = torch.exp2(torch.randn(n, device=device) * 0.5)
    return torch.stack([factor, factor, factor, torch.ones_like(factor)], dim=1).diag_embed()


def _luma_flip(n: int, device: torch.device) -> Tensor:
    flipped = torch.randint(0, 2, (n, 1, 1), device=device)
    return torch.eye(4, device=device) - 2 * flipped * _grey(device)


def _hue(n: int, device: torch.device) -> Tensor:
    """A rotation around the grey axis (Rodrigues' formula)."""
    angle = ((torch.rand(n, device=device) * 2 - 1) * math.pi)[:, None, None]
    grey = _grey(device)
    cross = torch.zeros(4, 4, device=device)
    axes = torch.eye(3, device=device)
    cross[:3, :3] = (axes.roll(-1, dims=1) - axes.roll(1, dims=1)) / math.sqrt(
        3
    )  # [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]
    across = _colours(device).diag() - grey
    return torch.eye(4, device=device) + (angle.cos() - 1) * across + angle.sin() * cross


def _saturation(n: int, device: torch.device) -> Tensor:
    factor = torch.exp2(torch.randn(n, device=device))[:, None, None]
    grey = _grey(device)
    across = _colours(device).diag() - grey
    return torch.eye(4, device=device) + (factor - 1) * across


def _grey(device: torch.device) -> Tensor:
    """The projection of colours (4, 4) onto the grey axis."""
    axis = _colours(device) / math.sqrt(3)
    return torch.outer(axis, axis)


def _colours(device: torch.device) -> Tensor:
    """The vector (1, 1, 1, 0), which selects colours. It is made on the device, without a copy from the host."""
    return (torch.arange(4, device=device) < 3).float()


CHANGES: tuple[Callable[[int, torch.device], Tensor], ...] = (_brightness, _contrast, _luma_flip, _hue, _saturation)
