"""A model and a dataset made of plain functions and tensors, so that a test of a metric knows the right answer."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from gan_run.core.base.image import ImageShape
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo, Split
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.discriminator import DiscriminatorModule, Features, HeadModule, TrunkModule
from gan_run.core.kinds.generator import GeneratorStack
from gan_run.core.kinds.latent import Latent, build_latents
from gan_run.core.kinds.latent_module import Values
from gan_run.core.kinds.loss import Encoder
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.update_context import DiscriminatorOutput
from gan_run.testing.game import Noise, small_spec

Function = Callable[[Tensor], Tensor]
"""A function or a module; a module becomes part of the model."""


def fake_model(
    latents: Mapping[str, Latent | Mapping[str, object]], generate: Function, encode: Mapping[str, Function]
) -> Model:
    """A model whose generator and encoder are the given functions.

    Args:
        latents: The latents by name, as in a spec.
        generate: Maps embedded latents (N, W) to images (N, C, H, W) in [-1, 1].
        encode: For each latent that is a code: maps pixels (N, C*H*W) to posterior parameters, (N, P), or (N, count*P)
            of several copies.

    Returns:
        The model, on the CPU.
    """
    declared = small_spec(fields={"latents": latents}).latents
    space = build_latents(declared, Noise().describe())
    stack = GeneratorStack(space, _Apply(generate))
    with isolated_rng("by hand"):
        image = ImageShape(*stack(space.sample(1)).shape[1:])
    discriminator = DiscriminatorModule(_Pixels(image), _Zero())
    return Model(stack, discriminator, [_Q(encode)], image, torch.device("cpu"))


class FakeSplits(Splits):
    """The given splits: `FakeSplits(info, train=…, test=…)`."""

    def __init__(self, info: DataInfo, **images: ImageSet) -> None:
        self.info = info
        self._images = images

    def __getitem__(self, split: Split) -> ImageSet:
        return self._images[split]


class _Apply(nn.Module):
    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def forward(self, values: Tensor) -> Tensor:
        return self.function(values)


class _Pixels(TrunkModule):
    """A trunk whose features are the pixels."""

    def __init__(self, image: ImageShape) -> None:
        super().__init__()
        self.features = image.channels * image.height * image.width

    def forward(self, images: Tensor) -> Features:
        return Features(images.flatten(1))


class _Zero(HeadModule):
    """A head whose logits are zero."""

    def forward(self, features: Features, condition: Values) -> Tensor:
        return features.vector.new_zeros(len(features.vector))


class _Q(Encoder):
    def __init__(self, encode: Mapping[str, Function]) -> None:
        super().__init__()
        self.codes = tuple(encode)
        self.encode = nn.ModuleDict({code: _Apply(function) for code, function in encode.items()})

    def forward(self, output: DiscriminatorOutput) -> dict[str, Tensor]:
        return {code: self.encode[code](output.features.vector) for code in self.codes}
