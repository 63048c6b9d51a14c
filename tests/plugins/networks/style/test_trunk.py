import pytest
import torch

from gan_run import DataInfo, Features, ImageShape, Problem
from gan_run.plugins.networks.style.generator import StyleGenerator
from gan_run.plugins.networks.style.trunk import MinibatchDeviation, StyleTrunk
from gan_run.testing.game import small_spec

pytestmark = pytest.mark.usefixtures("float64")

IMAGE = ImageShape(1, 8, 8)
SMALL = {"type": "style", "width": 0.02}


def test_the_deviation_of_a_group_is_the_mean_over_its_places_worked_by_hand() -> None:
    # One channel of two pixels: deviations of 1 and 3 in the first group, of 0 and 2 in the second.
    pixels = [(0, 0), (2, 6), (5, 1), (5, 5)]
    maps = torch.tensor(pixels, dtype=torch.float64).view(4, 1, 1, 2)
    seen = MinibatchDeviation(2)(maps)
    assert seen.shape == (4, 2, 1, 2)
    assert torch.equal(seen[:, :1], maps)
    torch.testing.assert_close(seen[:, 1, 0].tolist(), [[2.0] * 2] * 2 + [[1.0] * 2] * 2, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("n", "groups"),
    [(1, [1]), (3, [3]), (4, [4]), (5, [3, 2]), (6, [3, 3]), (7, [4, 3]), (8, [4, 4]), (9, [3, 3, 3]), (10, [4, 3, 3])],
)
def test_a_batch_of_any_size_has_groups_of_at_most_four_as_equal_as_possible(n: int, groups: list[int]) -> None:
    torch.manual_seed(0)
    maps = torch.randn(n, 3, 2, 2)
    seen = MinibatchDeviation(4)(maps)[:, 3]
    wanted = [part.std(dim=0, correction=0).mean().expand(len(part)) for part in maps.split(groups)]
    torch.testing.assert_close(seen[:, 0, 0], torch.cat(wanted), atol=1e-4, rtol=0)


def test_equal_images_have_a_deviation_and_gradients_without_a_nan() -> None:
    maps = torch.ones(4, 2, 3, 3, requires_grad=True)
    seen = MinibatchDeviation(4)(maps)[:, 2]
    assert seen.max() < 1e-3
    (first,) = torch.autograd.grad(seen.sum(), maps, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), maps)
    assert first.isfinite().all()
    assert second.isfinite().all()


def test_a_group_of_one_sees_each_image_by_itself() -> None:
    torch.manual_seed(0)
    declared = StyleTrunk(width=0.02, group=1)
    assert not declared.couples_images()
    trunk, images = declared.build(IMAGE), torch.randn(3, *IMAGE)
    torch.testing.assert_close(trunk(images).vector[:1], trunk(images[:1]).vector)
    assert StyleTrunk().couples_images()
    assert not StyleTrunk().uses_batch_statistics()


def test_it_halves_the_size_with_each_map_and_has_the_papers_layers() -> None:
    trunk = StyleTrunk(width=0.1).build(ImageShape(3, 32, 32))  # 13, 26, 51, 51 channels
    features = trunk(torch.randn(2, 3, 32, 32))
    assert isinstance(features, Features)
    assert [level.shape[1:] for level in features.maps] == [(26, 16, 16), (51, 8, 8), (51, 4, 4)]
    blocks = sum((c * c * 9 + c) + (c * d * 9 + d) + c * d for c, d in ((13, 26), (26, 51), (51, 51)))
    last = (52 * 51 * 9 + 51) + (51 * 16 * 51 + 51)
    assert sum(value.numel() for value in trunk.parameters()) == (3 * 13 + 13) + blocks + last


def test_a_residual_block_keeps_the_mean_square_of_normal_maps() -> None:
    torch.manual_seed(0)
    trunk = StyleTrunk(width=0.5).build(ImageShape(1, 32, 32))
    squares = [level.square().mean().item() for level in trunk(torch.randn(16, 1, 32, 32)).maps]
    assert all(0.1 < square < 2 for square in squares), squares  # the blur takes some away


def test_the_penalty_reaches_the_weights_through_the_deviation() -> None:
    trunk = StyleTrunk(width=0.02).build(IMAGE)
    images = torch.randn(4, *IMAGE, requires_grad=True)
    (slope,) = torch.autograd.grad(trunk(images).vector.sum(), images, create_graph=True)
    again = torch.autograd.grad(slope.square().sum(), list(trunk.parameters()), allow_unused=True)
    unreached = [name for (name, _), found in zip(trunk.named_parameters(), again, strict=True) if found is None]
    assert not [name for name in unreached if not name.endswith("bias")]
    assert all(found is None or found.isfinite().all() for found in again)


@pytest.mark.parametrize("declared", [StyleGenerator(), StyleTrunk()], ids=["generator", "trunk"])
def test_a_size_that_cannot_be_reached_is_refused(declared: StyleGenerator | StyleTrunk) -> None:
    (problem,) = declared.check_data(small_spec(), DataInfo(ImageShape(1, 4, 100), {"train": 1}))
    assert isinstance(problem, Problem)
    assert "no style for 4x100" in problem.message
