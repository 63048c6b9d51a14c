"""From latents to styles."""

import torch
from torch import Tensor, nn

from gan_run import Borrowed, LatentSpace, RateMultiplier
from gan_run.plugins.networks.style.layers import Activation, equalised, normalised


class LatentInput(nn.Module):
    """The input of the mapping network: embedded latents (N, W) to (N, width).

    The columns of noise are divided by their root mean square. The others, codes and conditions, go through a dense
    layer to `code_width` outputs, which are divided by theirs. So noise and codes count alike however few the codes'
    columns are. The layer's bias keeps the size of a code: lines that miss the origin keep their points apart.

    Args:
        latents: The latents.
        noise: Names of those that are noise.
        code_width: Outputs of the codes' layer.
    """

    noise_columns: Tensor
    code_columns: Tensor

    def __init__(self, latents: LatentSpace, noise: tuple[str, ...], code_width: int) -> None:
        super().__init__()
        noise_columns, code_columns = latents.split_columns(noise)
        self.register_buffer("noise_columns", noise_columns, persistent=False)
        self.register_buffer("code_columns", code_columns, persistent=False)
        codes = len(self.code_columns)
        self.embed = equalised(nn.Linear(codes, code_width)) if codes else None
        self.width = len(self.noise_columns) + (code_width if codes else 0)
        if self.embed is not None:
            nn.init.normal_(self.embed.bias, std=codes**-0.5)  # as much as a column of ones

    def forward(self, embedded: Tensor) -> Tensor:
        parts = [normalised(embedded[:, self.noise_columns])] if len(self.noise_columns) else []
        if self.embed is not None:
            parts.append(normalised(self.embed(embedded[:, self.code_columns])))
        return torch.cat(parts, dim=1)


class MappingNetwork(nn.Sequential, RateMultiplier):
    """Dense layers with a hundredth of the learning rate: (N, inputs) -> (N, style_width)."""

    rate_multiplier = 0.01

    def __init__(self, inputs: int, style_width: int, depth: int) -> None:
        widths = [inputs, *[style_width] * (depth - 1)]
        super().__init__(*(nn.Sequential(equalised(nn.Linear(n, style_width)), Activation()) for n in widths))


class Redraw:
    """Draws some latents anew in a generator's input.

    Args:
        latents: The latents, which another module owns.
        names: Those to draw; they depend on no other.
    """

    def __init__(self, latents: LatentSpace, names: tuple[str, ...]) -> None:
        self._latents = Borrowed(latents)
        self._names = names

    def __call__(self, embedded: Tensor) -> Tensor:
        """Embedded latents (N, W) with new values in the columns of `names`; the given ones stay as they are."""
        latents = self._latents.module
        redrawn = embedded.clone()
        for name in self._names:
            latent = latents[name]
            redrawn[:, latents.columns(name)] = latent.embed(latent.sample(len(embedded))).to(embedded)
        return redrawn


def mixed(first: Tensor, second: Tensor, layers: int, probability: float) -> Tensor:
    """Style mixing (Karras et al. 2018, arXiv 1812.04948, section 3.1).

    Args:
        first: Styles (N, S).
        second: Other styles (N, S).
        layers: L, the number of layers.
        probability: The share of images that are mixed.

    Returns:
        Styles (N, L, S). In a mixed image the layers from a uniformly random one on, but never the first, have the
        second style; all others have the first.
    """
    n = len(first)
    begin = torch.randint(1, layers, (n, 1), device=first.device)
    begin = begin.where(torch.rand(n, 1, device=first.device) < probability, layers)
    is_first = torch.arange(layers, device=first.device) < begin
    return torch.where(is_first[:, :, None], first[:, None], second[:, None])
