import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from gan_run import ImageShape, train
from gan_run.plugins.training.augmentations.affine import Affine
from gan_run.plugins.training.augmentations.warping import Padding, warp

SHAPE = ImageShape(1, 8, 8)


def picture(n: int = 1, channels: int = 1, height: int = 8, width: int = 8) -> Tensor:
    return torch.rand(n, channels, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1


def one(*rows: tuple[float, float, float]) -> Tensor:
    return torch.tensor([rows])


def test_without_bounds_nothing_changes() -> None:
    images = picture(5, 3, 6, 9)
    torch.testing.assert_close(Affine().build(ImageShape(3, 6, 9))(images), images)


def test_a_quarter_turn() -> None:
    # The result at (x, y) is the image at (-y, x): its top row is the right column, from the top down.
    turned = warp(picture(), one((0, -1, 0), (1, 0, 0)), "border")
    torch.testing.assert_close(turned, torch.rot90(picture(), 1, (2, 3)))


@pytest.mark.parametrize("padding", ["border", "reflection"])
def test_a_shift_by_two_pixels(padding: Padding) -> None:
    # Two of eight pixels are half a unit of the coordinates [-1, 1]; the result's left edge looks at column two.
    image = picture()
    shifted = warp(image, one((1, 0, 0.5), (0, 1, 0)), padding)
    torch.testing.assert_close(shifted[..., :6], image[..., 2:])
    beyond = [image[..., 7], image[..., 7]] if padding == "border" else [image[..., 7], image[..., 6]]
    torch.testing.assert_close(shifted[..., 6:], torch.stack(beyond, dim=-1))


def test_a_shear_moves_rows_sideways_and_nothing_else() -> None:
    # Half a pixel for each upwards: the row whose centre is 3.5 pixels below the middle moves by 1.75.
    image = torch.zeros(1, 1, 8, 8)
    image[..., 4] = 1.0
    sheared = warp(image, one((1, 0.5, 0), (0, 1, 0)), "border")[0, 0]
    places = (sheared * torch.arange(8)).sum(dim=1) / sheared.sum(dim=1)
    torch.testing.assert_close(places, 4 - 0.5 * (torch.arange(8) - 3.5))


@given(
    st.floats(0, 180),
    st.floats(0, 2),
    st.floats(0, 0.9),
    st.floats(0, 1),
    st.integers(1, 6),
    st.integers(0, 2**31),
    st.sampled_from([(8, 8), (8, 24), (20, 10)]),
)
def test_every_part_stays_within_its_bound(
    rotate: float, shear: float, scale: float, shift: float, n: int, seed: int, size: tuple[int, int]
) -> None:
    torch.manual_seed(seed)
    declared = Affine(rotate=rotate, shear=shear, scale=scale, shift=shift)
    maps = declared.build(ImageShape(1, *size)).sample_maps(n, torch.device("cpu"))
    assert maps.shape == (n, 2, 3)
    height, width = size
    for (a, b, right), (c, d, below) in maps.double().tolist():
        # In pixels: coordinates from -1 to 1 are half a width and half a height.
        b, c = b * width / height, c * height / width
        # Undo rotation, shear and scale: the first column is the rotated and stretched axis.
        assert abs(math.degrees(math.atan2(c, a))) <= rotate + 1e-3
        across = math.hypot(a, c)
        assert 1 - scale - 1e-5 <= across <= 1 + scale + 1e-5
        cos, sin = a / across, c / across
        down = cos * d - sin * b
        assert 1 - scale - 1e-4 <= down <= 1 + scale + 1e-4
        assert abs((cos * b + sin * d) / down) <= shear + 1e-3
        assert abs(right) <= 2 * shift + 1e-6
        assert abs(below) <= 2 * shift + 1e-6


def test_rotated_rectangles_show_circles_as_circles() -> None:
    rows, columns = torch.meshgrid(torch.arange(16) - 7.5, torch.arange(32) - 15.5, indexing="ij")
    blob = (-(rows.square() + columns.square()) / 8).exp().expand(20, 1, 16, 32)
    turned = Affine(rotate=180).build(ImageShape(1, 16, 32))(blob)
    torch.testing.assert_close(turned, blob, atol=0.05, rtol=0)


def test_a_rotated_rectangle_worked_by_hand() -> None:
    # 4 pixels high, 8 wide, turned by a quarter about its centre: rows are columns of the middle 4x4, and beside them
    # lies what the border is continued by.
    images = picture(1, height=4, width=8)
    torch.manual_seed(0)
    module = Affine(rotate=90).build(ImageShape(1, 4, 8))
    (((a, b, _), (c, d, _)),) = module.sample_maps(1, torch.device("cpu")).double().tolist()
    angle = math.atan2(c / 2, a)  # c is in half heights per half width, which is twice as many pixels
    assert (a, d) == pytest.approx((math.cos(angle), math.cos(angle)))
    assert (b, c) == pytest.approx((-math.sin(angle) / 2, math.sin(angle) * 2))
    quarter = warp(images, one((0, -1 / 2, 0), (2, 0, 0)), "border")  # these numbers at 90 degrees
    torch.testing.assert_close(quarter[..., 2:6], torch.rot90(images[..., 2:6], 1, (2, 3)))


def test_the_translation_is_a_share_of_each_side() -> None:
    # A bright pixel in the middle of 10x40 moves by up to 1 row and 4 columns.
    torch.manual_seed(0)
    maps = Affine(shift=0.1).build(ImageShape(1, 10, 40)).sample_maps(4000, torch.device("cpu"))
    columns, rows = maps[:, 0, 2] * 40 / 2, maps[:, 1, 2] * 10 / 2
    assert columns.abs().max().item() == pytest.approx(4, abs=0.01)
    assert rows.abs().max().item() == pytest.approx(1, abs=0.01)


def test_each_bound_is_used_up() -> None:
    torch.manual_seed(0)
    shifts = Affine(shift=0.25).build(SHAPE).sample_maps(4000, torch.device("cpu"))[:, :, 2]
    assert shifts.min(dim=0).values.tolist() == pytest.approx([-0.5, -0.5], abs=0.01)
    assert shifts.max(dim=0).values.tolist() == pytest.approx([0.5, 0.5], abs=0.01)
    assert torch.corrcoef(shifts.T)[0, 1].abs() < 0.06
    turned = Affine(rotate=90).build(SHAPE).sample_maps(4000, torch.device("cpu"))
    angles = torch.atan2(turned[:, 1, 0], turned[:, 0, 0]).rad2deg()
    assert angles.min() < -89
    assert angles.max() > 89


def test_a_pair_bounds_the_axes_apart() -> None:
    torch.manual_seed(0)
    affine = Affine(scale=(0.4, 0), shift=(0, 0.25)).build(SHAPE)
    maps = affine.sample_maps(4000, torch.device("cpu"))
    across, down = maps[:, 0, 0], maps[:, 1, 1]
    right, below = maps[:, 0, 2], maps[:, 1, 2]
    assert (across.min().item(), across.max().item()) == pytest.approx((0.6, 1.4), abs=0.01)
    assert (below.min().item(), below.max().item()) == pytest.approx((-0.5, 0.5), abs=0.01)
    assert torch.equal(down, torch.ones(4000))
    assert torch.equal(right, torch.zeros(4000))


def test_one_number_is_a_pair_of_it() -> None:
    torch.manual_seed(0)
    both = Affine(scale=0.4, shift=0.1).build(SHAPE).sample_maps(5, torch.device("cpu"))
    torch.manual_seed(0)
    pair = Affine(scale=(0.4, 0.4), shift=(0.1, 0.1)).build(SHAPE).sample_maps(5, torch.device("cpu"))
    assert torch.equal(both, pair)


def test_images_have_draws_of_their_own_and_the_global_stream_decides_them() -> None:
    changed = Affine(rotate=20, shear=0.3, scale=0.2, shift=0.1).build(SHAPE)
    image = picture().expand(3, -1, -1, -1)
    torch.manual_seed(1)
    first = changed(image)
    assert not torch.equal(first[0], first[1])
    torch.manual_seed(1)
    assert torch.equal(changed(image), first)
    assert not torch.equal(changed(image), first)


def test_gradients_reach_the_images() -> None:
    images = picture(2).requires_grad_()
    Affine(rotate=20, shift=0.1).build(SHAPE)(images).sum().backward()
    assert images.grad is not None
    assert (images.grad != 0).flatten(1).any(dim=1).all()


def test_under_bf16_autocast_coordinates_stay_exact() -> None:
    image, maps = picture(1, 1, 64, 64), one((1, 0, 0.13), (0, 1, -0.07))
    with torch.autocast("cpu", torch.bfloat16):
        under = warp(image, maps, "border")
    assert torch.equal(under, warp(image, maps, "border"))


def test_float64_stays_float64() -> None:
    torch.manual_seed(0)
    assert Affine(rotate=5).build(SHAPE)(picture().double()).dtype == torch.float64


@pytest.mark.parametrize(
    "field", [{"rotate": 181}, {"scale": 1.0}, {"shear": -0.1}, {"shift": 2}, {"shift": [0, 2]}, {"padding": "wrap"}]
)
def test_bounds_that_make_no_sense_are_refused(field: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Affine.model_validate(field)


def test_the_former_names_of_shear_and_scale_are_read_with_a_warning() -> None:
    with pytest.warns(FutureWarning) as warned:
        read = Affine.model_validate({"type": "affine", "slant": 0.5, "stretch": 0.25})
    assert read == Affine(shear=0.5, scale=0.25)
    texts = [str(warning.message) for warning in warned]
    assert any("slant" in text and "shear" in text for text in texts)
    assert any("stretch" in text and "scale" in text for text in texts)


def spec(**affine: float) -> dict[str, object]:
    return {
        "name": "affine",
        "data": {"type": "mnist-5k"},
        "latents": {"c": {"type": "uniform"}},
        "generator": {"type": "mlp", "hidden": [4]},
        "discriminator": {"trunk": {"type": "mlp", "hidden": [4]}, "head": {"type": "linear"}},
        "losses": [
            {"type": "non-saturating"},
            {"type": "mutual-information", "codes": {"c": 1.0}, "augment": [{"type": "affine", **affine}]},
        ],
        "optimizers": {player: {"type": "adam", "lr": 1e-3} for player in ("generator", "discriminator")},
        "train": {"steps": 2, "batch_size": 8, "device": "cpu", "precision": "fp32"},
    }


def test_a_spec_with_the_former_names_trains_to_the_same_weights(tmp_path: Path) -> None:
    former, present = spec(rotate=10, slant=0.5, stretch=0.25), spec(rotate=10, shear=0.5, scale=0.25)
    with pytest.warns(FutureWarning, match="affine: the field '(slant|stretch)' is now called '(shear|scale)'"):
        run = train(former, tmp_path / "former")
    (weights,) = run.rglob("model.safetensors")
    (expected,) = train(present, tmp_path / "present").rglob("model.safetensors")
    assert weights.read_bytes() == expected.read_bytes()
