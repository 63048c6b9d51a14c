"""Path length regularisation."""

import math
from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import (
    Borrowed,
    Generator,
    LatentSpace,
    Loss,
    LossContext,
    LossTerm,
    Problem,
    Scheduled,
    SpecView,
    StyledGenerator,
    UpdateContext,
    full_precision,
)


class PathLength(Loss):
    """Path length regularisation (Karras et al. 2019, arXiv 1912.04958, section 3.2), for a generator with styles.

    A step of a style is to change the image by as much everywhere: the mean squared distance of |J^T y| from its
    running mean, where J is the images' Jacobian with respect to the styles and y noise. A random image y has the
    variance 1 / (H W) in each pixel; of an image with a style for each layer, the length is the root mean square.
    """

    type: Literal["path-length"] = "path-length"
    weight: Scheduled = Field(default=2.0, description="gamma in the paper.")
    every: int = Field(
        default=4,
        ge=1,
        description="Compute the loss in every so many steps only, multiplied by that number (lazy regularisation).",
    )
    shrink: int = Field(default=2, ge=1, description="The batch divided by this number is the loss's own batch.")
    decay: float = Field(default=0.01, gt=0, le=1, description="Share of the latest lengths in their running mean.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        generator = spec.part(Generator, "generator")
        if not generator.has_styles():
            message = (
                f"the generator {generator.name()} has no styles, whose paths have a length: use one such as style"
            )
            yield Problem(("type",), message)

    def build(self, context: LossContext) -> LossTerm:
        assert isinstance(context.generator, StyledGenerator), "Generator.has_styles says it is one"
        return PathLengthTerm(self, context.latents, context.generator)


class PathLengthTerm(LossTerm):
    """The squared distance from the mean of lengths, which is saved in the checkpoint. Reports `length`."""

    mean: Tensor

    def __init__(self, declared: PathLength, latents: LatentSpace, generator: StyledGenerator) -> None:
        super().__init__()
        self._shrink, self._decay = declared.shrink, declared.decay
        self._latents, self._generator = Borrowed(latents), Borrowed(generator)
        self.register_buffer("mean", torch.zeros(()))

    def generator_loss(self, update: UpdateContext) -> Tensor:
        n = max(1, len(update.real) // self._shrink)
        generator = self._generator.module
        styles = generator.styles(self._latents.module.embed({name: of[:n] for name, of in update.latents.items()}))
        lengths = path_lengths(full_precision(generator.synthesize(styles)), styles)
        update.report("length", lengths.mean())
        return (lengths - self.mean).square().mean()

    def after_update(self, player: str, observed: Mapping[str, Tensor]) -> None:
        self.mean.lerp_(observed["length"].to(self.mean), self._decay)


def path_lengths(images: Tensor, styles: Tensor) -> Tensor:
    """The lengths |J^T y| for random images y, with graph.

    Args:
        images: Images (N, C, H, W), computed from `styles`.
        styles: Styles (N, S), or (N, L, S) with one for each of L layers.

    Returns:
        Lengths (N,), root mean squares over the layers.
    """
    noise = torch.randn_like(images) / math.sqrt(images.shape[-2] * images.shape[-1])
    with torch.autocast(images.device.type, enabled=False):
        (gradients,) = torch.autograd.grad((images * noise).sum(), styles, create_graph=True)
    layers = styles[0].numel() // styles.shape[-1]
    lengths = torch.linalg.vector_norm(full_precision(gradients).flatten(1), dim=1) / math.sqrt(layers)
    assert isinstance(lengths, Tensor)
    return lengths
