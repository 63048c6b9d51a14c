"""A tiny network in a TorchScript file."""

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn


class Tiny(nn.Module):
    """Random projections of the pixels."""

    def __init__(self, pixels: int, features: int, seed: int) -> None:
        super().__init__()
        self.layer = nn.Linear(pixels, features)
        stream = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=stream) / pixels**0.5)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.layer(images.flatten(1)).relu()
        return features


class TinyClassifier(nn.Module):
    """The same, with the features as logits too."""

    def __init__(self, pixels: int, features: int, seed: int) -> None:
        super().__init__()
        self.tiny = Tiny(pixels, features, seed)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features: Tensor = self.tiny(images)
        return features, features * 2


def save(network: nn.Module, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        torch.jit.save(torch.jit.script(network), path)  # type: ignore[no-untyped-call]  # torch has no types here
    return path


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Path]:
    """tiny(pixels, features=4, seed=0, classes=False) is the file of a network of images with so many numbers."""

    def write(pixels: int, features: int = 4, seed: int = 0, classes: bool = False) -> Path:
        network = (TinyClassifier if classes else Tiny)(pixels, features, seed)
        return save(network, tmp_path / f"tiny-{pixels}-{features}-{seed}-{classes}.pt")

    return write
