"""A trained model to look at: draws images from codes, and reads codes off images."""

import copy
from collections.abc import Mapping, Sequence
from functools import cached_property

import torch
from torch import Tensor
from torch.optim.swa_utils import update_bn

from gan_run.core.base.errors import CodeError, DataError, GanRunError
from gan_run.core.base.image import ImageShape
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.code_names import NO_CODE_NAMES, CodeNames
from gan_run.core.kinds.latent_space import LatentSpace, Values
from gan_run.core.kinds.loss import Encoder
from gan_run.core.kinds.network import DiscriminatorModule, GeneratorStack
from gan_run.core.kinds.update_context import DiscriminatorOutput
from gan_run.core.nn.layers import NORMS, to_local_batch_norm

CHUNK = 500
"""Images that go through a network at once."""
STATISTICS_BATCHES, STATISTICS_BATCH_SIZE = 20, 250


class Model:
    """A copy of networks in evaluation mode, so that looking at it cannot disturb their training.

    Images are float (N, C, H, W) in [-1, 1]. `averaged` draws the images instead of `stack`.
    """

    def __init__(
        self,
        stack: GeneratorStack,
        discriminator: DiscriminatorModule,
        encoders: Sequence[Encoder],
        image: ImageShape,
        device: torch.device,
        averaged: GeneratorStack | None = None,
        code_names: CodeNames = NO_CODE_NAMES,
    ) -> None:
        # In one copy, since an encoder may share modules with the discriminator.
        own, self._discriminator, self._encoders = copy.deepcopy((stack, discriminator, list(encoders)))
        for part in (own, self._discriminator, *self._encoders):
            to_local_batch_norm(part.eval().requires_grad_(False))
        self._stack = own if averaged is None else with_standing_statistics(averaged)
        self.image = image
        self.device = device
        self.code_names = code_names

    @property
    def latents(self) -> LatentSpace:
        return self._stack.latents

    @property
    def codes(self) -> tuple[str, ...]:
        """The latents that this model can read off images."""
        return tuple(code for encoder in self._encoders for code in encoder.codes)

    def sample_latents(self, n: int, codes: Mapping[str, float | str] | None = None) -> dict[str, Tensor]:
        """Latent values for `n` images from torch's global stream, on the model's device.

        Those in `codes` are set: by `name`, `name[copy]` or a name given by `gan-run label`, to a number or the name of
        a category. Raises NotFoundByName for an unknown code and CodeError for a value it cannot have.
        """
        values = self.latents.sample(n)
        for text, wanted in (codes or {}).items():
            code_dim = self.code_names.code_dim(self.latents, text)
            number = self.code_names.number(code_dim, wanted) if isinstance(wanted, str) else wanted
            try:
                to = self.latents[code_dim.name].value(number)
            except ValueError as error:
                raise CodeError(f"{text}={number:g}: {error}") from None
            values = self.latents.with_value(values, code_dim, to)
        return values

    @torch.no_grad()
    def generate(self, values: Values) -> Tensor:
        """Images for latent values, on the CPU."""
        n = len(next(iter(values.values())))
        chunks = []
        for start in range(0, n, CHUNK):
            chunk = {name: value[start : start + CHUNK].to(self.device) for name, value in values.items()}
            chunks.append(self._stack(chunk).cpu())
        return torch.cat(chunks)

    def sample(
        self, n: int, seed: int | None = None, codes: Mapping[str, float | str] | None = None, **more: float | str
    ) -> Tensor:
        """`n` images with some codes held: `sample(64, category=3, c1=0.5)`; `codes` takes names like `"c[0]"`.
        A text is the name of a category: `category="7"`.

        With a `seed` the draw is reproducible and leaves torch's global stream alone. Raises as `sample_latents` does.
        """
        if n < 1:
            raise GanRunError(f"n: {n} images cannot be drawn")
        held = {**(codes or {}), **more}
        if seed is None:
            return self.generate(self.sample_latents(n, held))
        with isolated_rng("sample", seed):
            return self.generate(self.sample_latents(n, held))

    @torch.no_grad()
    def posterior_params(self, images: Tensor) -> dict[str, Tensor]:
        """What Q says of images: params (N, P) by code, on the model's device."""
        self._refuse_wrong_images(images)
        chunks = [self._read(chunk.to(self.device)) for chunk in torch.split(images, CHUNK)]
        return {name: torch.cat([chunk[name].float() for chunk in chunks]) for name in self.codes}

    def _read(self, images: Tensor) -> dict[str, Tensor]:
        output = DiscriminatorOutput(self._discriminator, images, {})
        params: dict[str, Tensor] = {}
        for encoder in self._encoders:
            params |= encoder(output)
        return params

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """The most likely value of every code, by name: (N,), or (N, count) where there are several copies."""
        return {
            name: self.latents[name].estimate(params).cpu() for name, params in self.posterior_params(images).items()
        }

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """The trunk's features (N, F), on the CPU."""
        self._refuse_wrong_images(images)
        trunk = self._discriminator.trunk
        return torch.cat([trunk(chunk.to(self.device)).vector.float().cpu() for chunk in torch.split(images, CHUNK)])

    @cached_property
    def with_batch_statistics(self) -> "Model":
        """The same model, whose batch norms use the statistics of the batch at hand instead of the running ones."""
        other = copy.deepcopy(self)
        parts = (other._stack, other._discriminator, *other._encoders)
        for layer in (module for part in parts for module in part.modules()):
            if isinstance(layer, NORMS):
                # As in training, where a batch of one falls back on the running statistics; these no longer move.
                layer.train()
                layer.momentum = 0.0
        return other

    def _refuse_wrong_images(self, images: Tensor) -> None:
        if images.dim() != 4 or tuple(images.shape[1:]) != tuple(self.image) or not images.is_floating_point():
            raise DataError(
                f"images: float (N, {', '.join(map(str, self.image))}) in [-1, 1] is needed, "
                f"not {images.dtype} {tuple(images.shape)}"
            )


def with_standing_statistics(stack: GeneratorStack) -> GeneratorStack:
    """A copy for drawing, whose batch norms hold the statistics of its own activations over 5,000 fresh latents.

    Those that came with averaged weights are of the generator that was averaged, and do not fit: BigGAN's "standing
    statistics" (Brock et al. 2018, arXiv 1809.11096, appendix B).
    """
    settled = copy.deepcopy(stack).requires_grad_(False)
    to_local_batch_norm(settled)
    with isolated_rng("standing statistics"):
        latents = (settled.latents.sample(STATISTICS_BATCH_SIZE) for _ in range(STATISTICS_BATCHES))
        update_bn(latents, settled)
    return settled.eval()
