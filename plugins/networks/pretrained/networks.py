"""A generator and a trunk whose weights come from a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field
from torch import nn

from gan_run import Generator, ImageShape, LatentSpace, Trunk, TrunkModule
from gan_run.plugins.networks.pretrained.weights import Weights


class PretrainedGenerator(Generator):
    """Any generator, with the weights in a file."""

    type: Literal["pretrained"] = "pretrained"
    network: Generator = Field(description="The generator.")
    weights: Weights = Field(description="Its initial weights.")

    def has_styles(self) -> bool:
        return self.network.has_styles()

    def build(self, latents: LatentSpace, image: ImageShape) -> nn.Module:
        return self.network.build(latents, image)

    def files(self) -> Mapping[str, Path]:
        return {"weights": self.weights.path}

    def initialise(self, module: nn.Module) -> None:
        self.network.initialise(module)
        self.weights.load_into(module)


class PretrainedTrunk(Trunk):
    """Any trunk, with the weights in a file; with `frozen` they are not trained.

    A frozen trunk is a fixed feature network: the head and the encoders learn on it. It is in evaluation mode.
    """

    type: Literal["pretrained"] = "pretrained"
    network: Trunk = Field(description="The trunk.")
    weights: Weights = Field(description="Its initial weights.")
    frozen: bool = Field(default=False, description="Whether the weights stay as they are.")

    def has_feature_maps(self) -> bool:
        return self.network.has_feature_maps()

    def uses_batch_statistics(self) -> bool:
        return self.network.uses_batch_statistics() and not self.frozen

    def couples_images(self) -> bool:
        return self.network.couples_images() and not (self.frozen and self.network.uses_batch_statistics())

    def build(self, image: ImageShape) -> TrunkModule:
        trunk = self.network.build(image)
        if self.frozen:
            trunk.eval().requires_grad_(False)
        return trunk

    def files(self) -> Mapping[str, Path]:
        return {"weights": self.weights.path}

    def initialise(self, module: TrunkModule) -> None:
        self.network.initialise(module)
        self.weights.load_into(module)
