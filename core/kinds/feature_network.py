"""Feature networks: what images are compared by, in scores such as FID."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from gan_run.core.kinds.component import Component
from gan_run.core.kinds.data_source import Splits


@dataclass(frozen=True)
class FeatureIdentity:
    """All that decides the features of an image. It is part of a score's fingerprint: scores by networks with different
    identities do not compare."""

    name: str
    """The network, and the layer if there are several: "inception, layer 2048"."""
    weights: str
    """SHA-256 of the weights: `hash_tensors(module.state_dict())`, or that of the file."""
    resize: str
    """How images are brought to the network's size: "bicubic to 224x224"; "none"."""
    version: str
    """The library that computes, with its version: "torch-fidelity 0.4.0"."""


class ImageFeatures(NamedTuple):
    """What a feature network computes of N images."""

    vector: Tensor
    """Features, float (N, F)."""
    logits: Tensor | None = None
    """Logits of K classes, float (N, K), whose softmax are the class probabilities; None if it is no classifier."""


class FeatureExtractor(nn.Module, ABC):
    """A built feature network: frozen, in evaluation mode."""

    identity: FeatureIdentity
    """All that decides the features; the constructor sets it."""

    @abstractmethod
    def forward(self, images: Tensor) -> ImageFeatures:
        """Compute the features of images.

        Args:
            images: Float (N, C, H, W) in [-1, 1], of the dataset's shape, on the module's device.

        Returns:
            Features (N, F) and, if `FeatureNetwork.has_logits`, logits (N, K). Those of one image do not depend on the
            others.

        Example:
            class Thumbnails(FeatureExtractor):
                def __init__(self) -> None:
                    super().__init__()
                    self.pool = nn.AdaptiveAvgPool2d(4)
                    weights = hash_tensors(self.state_dict())
                    self.identity = FeatureIdentity("thumbnails", weights, "averaged to 4x4", "mine 1.0")

                def forward(self, images: Tensor) -> ImageFeatures:
                    return ImageFeatures(self.pool(images).flatten(1))
        """


class FeatureNetwork(Component):
    """A network that computes features of images, by which scores compare generated images with real ones.

    It takes images of the dataset's shape in [-1, 1], and does the rest itself: channels, size, range. `check_data`
    refuses shapes that it cannot take, and finds weights that are missing, before training begins.
    """

    kind: ClassVar[str] = "feature-network"

    def has_logits(self) -> bool:
        """Whether the network gives class logits too, which the inception score needs.

        Returns:
            False unless a subclass overrides it.
        """
        return False

    @abstractmethod
    def build(self, data: Splits, device: torch.device) -> FeatureExtractor:
        """Build the network with its weights. Equal declarations give equal features, whatever the state of torch's
        global random number generator, which is left as it was.

        Args:
            data: The dataset. `data.info.image` is the shape of the images; a network that is trained on the dataset's
                labels loads a split.
            device: Where the images will be.

        Returns:
            The network on that device, in evaluation mode, with parameters that need no gradient.

        Raises:
            DataError: The weights are missing or damaged, or the data does not fit.

        Example:
            type: Literal["thumbnails"] = "thumbnails"

            def build(self, data: Splits, device: torch.device) -> FeatureExtractor:
                return Thumbnails().to(device).eval()
        """
