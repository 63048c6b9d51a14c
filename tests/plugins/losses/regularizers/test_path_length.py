import math

import pytest
import torch
from torch import Tensor, nn

from gan_run import (
    DataInfo,
    DiscriminatorModule,
    ImageShape,
    LatentContext,
    LatentSpace,
    LossContext,
    SpecError,
    StyledGenerator,
    UpdateContext,
)
from gan_run.core.kinds.generator import GeneratorStack
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.losses.regularizers.path_length import PathLength, PathLengthTerm, path_lengths
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.networks.mlp.networks import MLPTrunk
from gan_run.testing.game import small_spec

pytestmark = pytest.mark.usefixtures("float64")

INFO = DataInfo(ImageShape(1, 2, 3), {"train": 1})
STYLE = {"type": "style", "width": 0.02, "style_width": 8}


class LinearSynthesis(StyledGenerator):
    """Images are styles times a matrix, so that their Jacobian is known; styles are latents times `gain`."""

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.matrix = nn.Parameter(matrix)
        self.gain = nn.Parameter(torch.ones(()))

    def styles(self, embedded: Tensor) -> Tensor:
        return embedded * self.gain

    def synthesize(self, styles: Tensor) -> Tensor:
        return (styles @ self.matrix).view(-1, 1, 2, 3)


def linear() -> LinearSynthesis:
    """A Jacobian of 4 style columns to 6 pixels."""
    return LinearSynthesis(torch.arange(24.0).view(4, 6) / 10)


def term(generator: LinearSynthesis, **fields: float) -> tuple[PathLengthTerm, GeneratorStack, DiscriminatorModule]:
    latents = LatentSpace({"z": Gaussian(count=4).module(LatentContext(INFO))})
    trunk = MLPTrunk().build(INFO.image)
    discriminator = DiscriminatorModule(trunk, Linear().build(trunk, latents))
    built = PathLength(**fields).build(LossContext(INFO, latents, generator, discriminator, {}, None))  # type: ignore[arg-type]  # fields of any type
    assert isinstance(built, PathLengthTerm)
    return built, GeneratorStack(latents, generator), discriminator


def update_of(n: int, stack: GeneratorStack, discriminator: DiscriminatorModule) -> UpdateContext:
    real = torch.zeros(n, 1, 2, 3)
    return UpdateContext(stack, discriminator, UpdateInputs(real, {}, stack.latents.sample(n), None, {}, ()))


def lengths_by_hand(matrix: Tensor, n: int, seed: int) -> Tensor:
    """|J^T y| for the random images of a seed, whose pixels have the variance 1 / 6."""
    torch.manual_seed(seed)
    noise = torch.randn(n, 1, 2, 3).view(n, 6) / math.sqrt(6)
    return (noise @ matrix.detach().T).square().sum(dim=1).sqrt()


def test_the_length_of_a_linear_synthesis_is_the_root_of_the_sum_of_squares() -> None:
    generator = linear()
    styles = torch.randn(5, 4, requires_grad=True)
    images = generator.synthesize(styles)
    torch.manual_seed(3)
    torch.testing.assert_close(path_lengths(images, styles), lengths_by_hand(generator.matrix, 5, seed=3))


def test_an_orthogonal_jacobian_has_its_own_scale_for_length_on_average() -> None:
    torch.manual_seed(0)
    rotation, _ = torch.linalg.qr(torch.randn(6, 6))
    styles = torch.randn(4000, 6, requires_grad=True)
    lengths = path_lengths(LinearSynthesis(3 * rotation).synthesize(styles), styles)
    assert lengths.square().mean().sqrt().item() == pytest.approx(3, rel=0.02)


def test_of_a_style_for_each_layer_it_is_the_root_mean_square_over_the_layers() -> None:
    styles = torch.randn(5, 3, 4, requires_grad=True)
    one, two, three = (linear() for _ in range(3))
    with torch.no_grad():
        two.matrix.mul_(2)
        three.matrix.zero_()
    images = sum(part.synthesize(styles[:, layer]) for layer, part in enumerate((one, two, three)))
    assert isinstance(images, Tensor)
    torch.manual_seed(3)
    found = path_lengths(images, styles)
    torch.testing.assert_close(found, lengths_by_hand(one.matrix, 5, seed=3) * math.sqrt((1 + 4 + 0) / 3))


def test_the_loss_is_the_mean_squared_distance_from_the_running_mean_worked_by_hand() -> None:
    generator = linear()
    built, stack, discriminator = term(generator, shrink=2, decay=0.25)
    mean = 0.0
    for seed in (1, 2):
        update = update_of(6, stack, discriminator)
        wanted = lengths_by_hand(generator.matrix, 3, seed)  # half the batch
        torch.manual_seed(seed)
        with update.for_term("path-length"):
            value = built.generator_loss(update)
        assert value.item() == pytest.approx((wanted - mean).square().mean().item())
        assert built.mean.item() == pytest.approx(mean)  # until the update is over
        reported = update.reports["path-length"]
        assert reported["length"].item() == pytest.approx(wanted.mean().item())
        built.after_update("generator", reported)
        mean = 0.75 * mean + 0.25 * wanted.mean().item()
        assert built.mean.item() == pytest.approx(mean)
    assert built.state_dict().keys() == {"mean"}


def test_its_gradient_is_that_of_the_synthesis_alone_and_right() -> None:
    generator = linear()
    built, stack, discriminator = term(generator, shrink=1)
    update = update_of(4, stack, discriminator)

    def value(matrix: Tensor) -> Tensor:
        torch.manual_seed(0)
        with torch.no_grad():
            generator.matrix.copy_(matrix)
        with update.for_term("path-length"):
            return built.generator_loss(update)

    start = generator.matrix.detach().clone()
    others = [generator.gain, *discriminator.parameters()]
    gradient, *rest = torch.autograd.grad(value(start), [generator.matrix, *others], allow_unused=True)
    assert all(found is None or not found.any() for found in rest)
    step = torch.zeros(4, 6)
    step[1, 2] = 1e-6
    slope = (value(start + step) - value(start - step)) / 2e-6
    assert gradient[1, 2].item() == pytest.approx(slope.item(), rel=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_small_batch_is_at_least_one_image(n: int) -> None:
    generator = linear()
    built, stack, discriminator = term(generator)
    update = update_of(n, stack, discriminator)
    torch.manual_seed(3)
    with update.for_term("path-length"):
        built.generator_loss(update)
    expected = lengths_by_hand(generator.matrix, 1, seed=3).item()
    assert update.reports["path-length"]["length"].item() == pytest.approx(expected)


def test_lengths_are_exact_where_networks_compute_in_bfloat16() -> None:
    styles = torch.randn(5, 4, dtype=torch.float32, requires_grad=True)
    matrix = linear().matrix.detach().float()
    images = (styles @ matrix).view(-1, 1, 2, 3)
    torch.manual_seed(3)
    noise = torch.randn(5, 6, dtype=torch.float32) / math.sqrt(6)
    torch.manual_seed(3)
    with torch.autocast("cpu", torch.bfloat16):
        found = path_lengths(images, styles)
    torch.testing.assert_close(found, (noise @ matrix.T).norm(dim=1), rtol=1e-5, atol=0)


def test_a_batch_of_one_has_a_length_and_a_synthesis_of_zeros_no_nan() -> None:
    generator = LinearSynthesis(torch.zeros(4, 6))
    built, stack, discriminator = term(generator)
    update = update_of(1, stack, discriminator)
    with update.for_term("path-length"):
        value = built.generator_loss(update)
    (gradient,) = torch.autograd.grad(value, generator.matrix)
    assert value.item() == 0
    assert gradient.isfinite().all()


def test_a_generator_without_styles_is_refused() -> None:
    with pytest.raises(SpecError, match=r"losses\[0\].type: the generator mlp has no styles"):
        small_spec(fields={"losses": [{"type": "path-length"}, {"type": "non-saturating"}]})
    pretrained = {"type": "pretrained", "network": {"type": "mlp"}, "weights": {"path": "w.safetensors"}}
    with pytest.raises(SpecError, match="the generator pretrained has no styles"):
        small_spec(fields={"generator": pretrained, "losses": [{"type": "path-length"}]})
    pretrained = {**pretrained, "network": STYLE}
    small_spec(fields={"generator": pretrained, "losses": [{"type": "non-saturating"}, {"type": "path-length"}]})
