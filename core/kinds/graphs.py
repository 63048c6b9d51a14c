"""A model as two plain modules of tensors, for torch.export, ONNX and other programs."""

from collections.abc import Sequence

from torch import Tensor, nn

from gan_run.core.kinds.discriminator import DiscriminatorModule
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
        outputs: What each of the tensors that `forward` returns is: of a code `c`, the most likely value `c`, (N,) or
            (N, count), and its uncertainty: `c.p`, the probabilities (N, …, K) of a discrete code; `c.std`, the
            standard deviation of another one, where Q predicts it.
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
        output = DiscriminatorOutput(self.discriminator, images, {})
        params: dict[str, Tensor] = {}
        for encoder in self.encoders:
            params |= {name: found.float() for name, found in encoder(output).items()}
        values: dict[str, Tensor] = {}
        found: dict[str, Tensor] = {}
        for name in self.latents.order:
            if name in params:
                latent = self.latents.conditional(name, values)
                values[name] = found[name] = latent.estimate(params[name])
                if latent.cardinality is not None:
                    found[f"{name}.p"] = latent.probabilities(params[name])
                elif (deviation := latent.deviation(params[name])) is not None:
                    found[f"{name}.std"] = deviation
        return tuple(found[name] for name in self.outputs)
