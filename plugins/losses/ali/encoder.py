"""The encoder of adversarially learned inference."""

import torch
from torch import Tensor, nn

from gan_run import (
    Borrowed,
    DiscriminatorOutput,
    Encoder,
    LatentSpace,
    TrunkModule,
    Values,
    full_precision,
    init_normal,
)


class InferenceNetwork(Encoder):
    """E(x): a network of its own, and a linear layer to the posterior parameters of the latents.

    Args:
        network: Computes features of images.
        latents: All latents.
        names: Those that are inferred.
    """

    def __init__(self, network: TrunkModule, latents: LatentSpace, names: tuple[str, ...]) -> None:
        super().__init__()
        self.codes = names
        self._latents = Borrowed(latents)
        self._widths = [latents[name].posterior_width for name in names]
        self.network = network
        self.layer = nn.Linear(network.features, sum(self._widths))
        init_normal(self.layer)

    def forward(self, output: DiscriminatorOutput) -> dict[str, Tensor]:
        return self.read(output.images)

    def read(self, images: Tensor) -> dict[str, Tensor]:
        """Images (N, C, H, W) to posterior parameters (N, P) by latent, in float32 under autocast too."""
        vector = full_precision(self.network(images).vector)
        with torch.autocast(images.device.type, enabled=False):
            params: Tensor = self.layer(vector)
        return dict(zip(self.codes, torch.split(params, self._widths, dim=1), strict=True))

    def infer(self, images: Tensor, stochastic: bool) -> Values:
        """Values of the latents (N, …): drawn from the posterior with a gradient, or its mode."""
        params, latents = self.read(images), self._latents.module
        if stochastic:
            return {name: latents[name].posterior(params[name]).rsample() for name in self.codes}
        return {name: latents[name].estimate(params[name]) for name in self.codes}
