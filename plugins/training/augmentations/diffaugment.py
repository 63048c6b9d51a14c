"""DiffAugment's three augmentations."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Augmentation, AugmentationModule, ImageShape

Policy = Literal["color", "translation", "cutout"]


class DiffAugment(Augmentation):
    """Differentiable augmentation (DiffAugment, Zhao et al. 2020, arXiv 2006.10738) with the authors' strengths: color
    (brightness, saturation, contrast), translation by up to an eighth of the side, and cutout of a square of half the
    side. Uncovered and cut out pixels are 0, mid-grey."""

    type: Literal["diffaugment"] = "diffaugment"
    policy: tuple[Policy, ...] = Field(
        default=("color", "translation", "cutout"), min_length=1, description="The augmentations, in order."
    )

    def build(self, image: ImageShape) -> "DiffAugmentModule":
        return DiffAugmentModule(self.policy)


class DiffAugmentModule(AugmentationModule):
    """Images (N, C, H, W) to augmented ones, with independent draws per image."""

    def __init__(self, policy: tuple[Policy, ...]) -> None:
        super().__init__()
        parts = {"color": recolour, "translation": translate, "cutout": cut_out}
        self._parts = [parts[name] for name in policy]

    def forward(self, images: Tensor) -> Tensor:
        for part in self._parts:
            images = part(images)
        return images


def recolour(images: Tensor) -> Tensor:
    """Add -0.5 to 0.5, then scale the saturation by 0 to 2, then the contrast by 0.5 to 1.5: (N, C, H, W)."""
    images = images + (_rand(images) - 0.5)
    grey = images.mean(dim=1, keepdim=True)
    images = grey + (images - grey) * (_rand(images) * 2)
    level = images.mean(dim=(1, 2, 3), keepdim=True)
    return level + (images - level) * (_rand(images) + 0.5)


def translate(images: Tensor, share: float = 0.125) -> Tensor:
    """Shift images (N, C, H, W) by whole pixels, up to the fraction `share` of each side; uncovered pixels are 0."""
    n, _, height, width = images.shape
    rows = torch.arange(height, device=images.device) + _either_way(n, height * share, images)  # (N, H)
    columns = torch.arange(width, device=images.device) + _either_way(n, width * share, images)  # (N, W)
    inside = _within(rows, height)[:, :, None] & _within(columns, width)[:, None, :]  # (N, H, W)
    image = torch.arange(n, device=images.device)[:, None, None]
    rows, columns = rows.clamp(0, height - 1)[:, :, None], columns.clamp(0, width - 1)[:, None, :]
    moved = images.permute(0, 2, 3, 1)[image, rows, columns]  # (N, H, W, C)
    return moved.permute(0, 3, 1, 2) * inside[:, None]


def cut_out(images: Tensor, share: float = 0.5) -> Tensor:
    """Set a rectangle with the fraction `share` of each side to 0; its centre is anywhere in the image."""
    n, _, height, width = images.shape
    tall, wide = round(height * share), round(width * share)
    top = torch.randint(0, height + 1, (n, 1), device=images.device) - tall // 2
    left = torch.randint(0, width + 1, (n, 1), device=images.device) - wide // 2
    rows = _within(torch.arange(height, device=images.device) - top, tall)  # (N, H)
    columns = _within(torch.arange(width, device=images.device) - left, wide)  # (N, W)
    return images * ~(rows[:, :, None] & columns[:, None, :])[:, None]


def _rand(images: Tensor) -> Tensor:
    return torch.rand(len(images), 1, 1, 1, device=images.device, dtype=images.dtype)


def _either_way(n: int, reach: float, like: Tensor) -> Tensor:
    """Random integers (n, 1) from -reach to reach, inclusive."""
    most = int(reach + 0.5)
    return torch.randint(-most, most + 1, (n, 1), device=like.device)


def _within(numbers: Tensor, length: int) -> Tensor:
    return (numbers >= 0) & (numbers < length)
