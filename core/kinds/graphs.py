"""A model as two plain modules of tensors, for torch.export, ONNX and other programs."""

from collections.abc import Iterable, Sequence

from torch import Tensor, nn

from gan_run.core.kinds.discriminator import DiscriminatorModule
from gan_run.core.kinds.encoding import Encoding
from gan_run.core.kinds.generator import GeneratorStack
from gan_run.core.kinds.latent_space import LatentSpace
from gan_run.core.kinds.loss import Encoder
from gan_run.core.kinds.update_context import DiscriminatorOutput


class ImagesOfValues(nn.Module):
    """Maps the values of all latents to images (N, C, H, W) in [-1, 1].

    Attributes:
        inputs: The names of the latents, in the order of the arguments of `forward`: each (N,) or (N, count), int64 of
            a discrete latent, else float32.
    """

    def __init__(self, stack: GeneratorStack) -> None:
        super().__init__()
        self.stack = stack
        self.inputs = tuple(stack.latents)

    def forward(self, *values: Tensor) -> Tensor:
        images = self.stack(dict(zip(self.inputs, values, strict=True)))
        assert isinstance(images, Tensor)
        return images


class CodesOfImages(nn.Module):
    """Maps images (N, C, H, W) in [-1, 1] to what Q reads off them.

    Attributes:
        outputs: What each of the tensors that `forward` returns is, by the names of `Encoding.tensors`.
    """

    def __init__(
        self,
        latents: LatentSpace,
        discriminator: DiscriminatorModule,
        encoders: Sequence[Encoder],
        outputs: Sequence[str],
    ) -> None:
        super().__init__()
        self.latents = latents
        self.discriminator = discriminator
        self.encoders = nn.ModuleList(encoders)
        self.outputs = tuple(outputs)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        params = posterior_params(self.discriminator, self.encoders, images)
        found = Encoding(self.latents, params).tensors()
        return tuple(found[name] for name in self.outputs)


def posterior_params(
    discriminator: DiscriminatorModule, encoders: Iterable[nn.Module], images: Tensor
) -> dict[str, Tensor]:
    """What all encoders output for images (N, C, H, W): posterior parameters (N, P) by code, float32."""
    output = DiscriminatorOutput(discriminator, images, {})
    return {code: params.float() for encoder in encoders for code, params in encoder(output).items()}
