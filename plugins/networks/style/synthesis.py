"""From styles to images: modulated convolutions, noise, and the sum of an RGB image at each size."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_run import ImageShape, UpsamplingPlan, full_precision
from gan_run.plugins.networks.style.layers import SMALLEST_SQUARE, Activation, Blur, Upsample, equalised, normalised


class ModulatedConv(nn.Module):
    """A convolution whose input channels a style scales: (N, I, H, W), (N, S) -> (N, O, H, W), or twice the size.

    With `demodulates`, each output map is divided by the norm of the weights that made it (Karras et al. 2019,
    equation 3). Weights are not made for each image: scaling the inputs by the style, and the outputs by the norms, is
    the same (section 2.2) and one convolution for the whole batch.

    Args:
        style_width: S.
        inputs: I.
        outputs: O.
        kernel: Side of the kernel, odd.
        doubles: Whether to double the size.
        demodulates: Whether to divide by the norms.
    """

    def __init__(
        self,
        style_width: int,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        doubles: bool = False,
        demodulates: bool = True,
    ) -> None:
        super().__init__()
        self.scales = equalised(nn.Linear(style_width, inputs), bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self._gain = (inputs * kernel**2) ** -0.5
        self._padding = kernel // 2
        self._demodulates = demodulates
        self.blur = Blur(padding=1) if doubles else None

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        scales = full_precision(self.scales(style))
        if self._demodulates:
            scales = normalised(scales)  # demodulation cancels their size, which float16 might not hold
        made = self._convolved(maps * scales.to(maps.dtype)[:, :, None, None])
        if self._demodulates:
            made = made * self._inverse_norms(scales).to(made.dtype)[:, :, None, None]
        return made

    def _convolved(self, maps: Tensor) -> Tensor:
        weight = self.weight * self._gain
        if self.blur is None:
            return F.conv2d(maps, weight, padding=self._padding)
        blurred = self.blur(F.conv_transpose2d(maps, weight.transpose(0, 1), stride=2)) * 4
        assert isinstance(blurred, Tensor)
        return blurred

    def _inverse_norms(self, scales: Tensor) -> Tensor:
        """The inverse of the norm of each image's weights, (N, O)."""
        with torch.autocast(scales.device.type, enabled=False):
            squares = scales.square() @ (self.weight * self._gain).square().sum(dim=(2, 3)).T
            inverse = (squares + SMALLEST_SQUARE).rsqrt()
        assert isinstance(inverse, Tensor)
        return inverse


class Noise(nn.Module):
    """Adds noise of a learnt strength to all maps of an image: new noise in training, else always the same."""

    fixed: Tensor

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("fixed", torch.randn(1, 1, height, width))

    def forward(self, maps: Tensor) -> Tensor:
        noise = torch.randn_like(maps[:, :1]) if self.training else self.fixed.to(maps.dtype)
        return maps + self.strength.to(maps.dtype) * noise


class StyledLayer(nn.Module):
    """A modulated 3x3 convolution, noise, biases and leaky ReLU; `size` is that of its output."""

    def __init__(
        self, style_width: int, inputs: int, outputs: int, size: tuple[int, int], *, doubles: bool = False
    ) -> None:
        super().__init__()
        self.convolution = ModulatedConv(style_width, inputs, outputs, 3, doubles=doubles)
        self.noise = Noise(*size)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.activation = Activation()

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        maps = self.noise(self.convolution(maps, style))
        activated = self.activation(maps + self.bias.to(maps.dtype)[:, None, None])
        assert isinstance(activated, Tensor)
        return activated


class ToImage(nn.Module):
    """A modulated 1x1 convolution to the channels of the image, without demodulation, and biases. Float32 images."""

    def __init__(self, style_width: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = ModulatedConv(style_width, inputs, outputs, 1, demodulates=False)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        return full_precision(self.convolution(maps, style)) + self.bias[:, None, None]


class Synthesis(nn.Module):
    """Styles (N, L, S) to images (N, C, H, W): a learnt constant, a styled layer, and two of them per doubling.

    The image is the sum of those that `ToImage` makes at each size, upsampled (Karras et al. 2019, figure 7b). It has
    the style of the layer that comes next; the last has one of its own.

    Attributes:
        layers: L, the number of styles.
    """

    def __init__(self, style_width: int, channels: list[int], plan: UpsamplingPlan, image: ImageShape) -> None:
        super().__init__()
        self.layers = 2 * plan.times + 2
        self.constant = nn.Parameter(torch.randn(channels[0], *plan.base))
        self.first = StyledLayer(style_width, channels[0], channels[0], plan.base)
        sizes = plan.sizes()[1:]
        self.doubling = nn.ModuleList(
            StyledLayer(style_width, deep, shallow, size, doubles=True)
            for (deep, shallow), size in zip(pairwise(channels), sizes, strict=True)
        )
        self.refining = nn.ModuleList(
            StyledLayer(style_width, shallow, shallow, size) for shallow, size in zip(channels[1:], sizes, strict=True)
        )
        self.to_image = nn.ModuleList(ToImage(style_width, width, image.channels) for width in channels)
        self.upsample = Upsample()
        self.crop = nn.Sequential(*plan.crop(image))

    def forward(self, styles: Tensor) -> Tensor:
        first, *others = styles.unbind(dim=1)
        maps = self.first(self.constant.expand(styles.shape[0], -1, -1, -1), first)
        to_image, *to_larger = self.to_image
        images = to_image(maps, others[0])
        for level, (doubling, refining, larger) in enumerate(zip(self.doubling, self.refining, to_larger, strict=True)):
            doubled, refined, imaged = others[2 * level : 2 * level + 3]
            maps = refining(doubling(maps, doubled), refined)
            images = self.upsample(images) + larger(maps, imaged)
        cropped = self.crop(images)
        assert isinstance(cropped, Tensor)
        return cropped
