import copy

import pytest
import torch
from torch import nn

from gan_run import BatchNorm1d, frozen_running_stats, init_normal, norm_1d, norm_2d, scaled, spectral_norm
from gan_run.core.nn.layers import to_local_batch_norm


def trained_norm() -> BatchNorm1d:
    norm = BatchNorm1d(2)
    with torch.no_grad():
        norm.running_mean = torch.tensor([1.0, -1.0])
        norm.running_var = torch.tensor([4.0, 0.25])
        norm.weight.copy_(torch.tensor([3.0, 2.0]))
        norm.bias.copy_(torch.tensor([0.5, 0.0]))
    return norm


def test_a_batch_of_one_in_training_is_normalised_by_the_running_statistics() -> None:
    norm = trained_norm()
    # (5 - 1) / 2 * 3 + 0.5 and (0 + 1) / 0.5 * 2
    torch.testing.assert_close(norm(torch.tensor([[5.0, 0.0]])), torch.tensor([[6.5, 4.0]]), atol=1e-3, rtol=0)


def test_a_batch_of_one_leaves_the_running_statistics_alone() -> None:
    norm = trained_norm()
    norm(torch.tensor([[5.0, 0.0]]))
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.running_mean.tolist() == [1.0, -1.0]
    assert norm.running_var.tolist() == [4.0, 0.25]


def test_a_batch_of_one_carries_gradients_to_the_input_and_the_gains() -> None:
    norm = trained_norm()
    row = torch.tensor([[5.0, 0.0]], requires_grad=True)
    norm(row).sum().backward()
    assert row.grad is not None
    torch.testing.assert_close(row.grad, torch.tensor([[1.5, 4.0]]), atol=1e-3, rtol=0)
    assert norm.weight.grad is not None
    torch.testing.assert_close(norm.weight.grad, torch.tensor([2.0, 2.0]), atol=1e-3, rtol=0)


def test_larger_batches_and_evaluation_are_torchs_own() -> None:
    ours, torchs = trained_norm(), nn.BatchNorm1d(2)
    torchs.load_state_dict(ours.state_dict())
    batch = torch.randn(5, 2)
    assert torch.equal(ours(batch), torchs(batch))
    ours.eval()
    torchs.eval()
    assert torch.equal(ours(batch[:1]), torchs(batch[:1]))
    assert torch.equal(ours(batch), torchs(batch))


def test_initialisation_walks_all_layers_and_draws_around_zero_and_gains_around_one() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(100, 100),
        nn.Sequential(nn.Conv2d(50, 50, 3), nn.ConvTranspose2d(50, 50, 3, bias=False)),
        nn.BatchNorm1d(5000),
        nn.BatchNorm2d(5000),
    )
    init_normal(network, std=0.3)
    for layer in network.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm1d, nn.BatchNorm2d)):
            around = 1.0 if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)) else 0.0
            assert abs(layer.weight.mean().item() - around) < 0.02
            assert abs(layer.weight.std().item() - 0.3) < 0.02
            assert layer.bias is None or not layer.bias.any()


def test_channels_are_scaled_to_the_nearest_whole_number_but_never_to_none() -> None:
    assert [scaled(64, width) for width in (1.0, 0.5, 0.51, 2.0, 0.001)] == [64, 32, 33, 128, 1]


def test_statistics_at_rest_do_not_move_and_the_batch_is_normalised_all_the_same() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2, momentum=0.3), nn.Flatten(), BatchNorm1d(8))
    images = torch.randn(5, 1, 2, 2)
    before = {name: buffer.clone() for name, buffer in network.named_buffers() if "running" in name}
    with frozen_running_stats(network):
        at_rest = network(images)
    for name, buffer in network.named_buffers():
        assert "running" not in name or torch.equal(buffer, before[name])
    torch.testing.assert_close(network(images), at_rest)
    for name, buffer in network.named_buffers():
        assert "running" not in name or not torch.equal(buffer, before[name])
    assert [layer.momentum for layer in (network[1], network[3])] == [0.3, 0.1]


def test_batch_norms_that_were_synchronised_go_by_the_images_at_hand_again() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Flatten(), BatchNorm1d(8))
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(copy.deepcopy(network))
    images = torch.randn(5, 1, 2, 2)
    assert any(isinstance(layer, nn.SyncBatchNorm) for layer in converted.modules())
    to_local_batch_norm(converted)
    assert not any(isinstance(layer, nn.SyncBatchNorm) for layer in converted.modules())
    for training in (True, False):
        torch.testing.assert_close(converted.train(training)(images), network.train(training)(images))
    assert converted.state_dict().keys() == network.state_dict().keys()


def test_statistics_move_again_even_after_an_error() -> None:
    norm = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match="2D or 3D"), frozen_running_stats(norm):
        norm(torch.zeros(3))
    assert norm.momentum == 0.1


def test_layer_norm_centres_each_image_over_its_channels_and_batch_norm_each_channel_over_the_images() -> None:
    vectors, maps = torch.randn(6, 4) * 3 + 1, torch.randn(6, 4, 5, 5) * 3 + 1
    for norm, over_vectors, over_maps in (("batch", (0,), (0, 2, 3)), ("layer", (1,), (1, 2, 3))):
        for [layer], given, dims in ((norm_1d(norm, 4), vectors, over_vectors), (norm_2d(norm, 4), maps, over_maps)):  # type: ignore[arg-type]  # a str from a tuple
            seen = layer(given)
            torch.testing.assert_close(seen.mean(dims), torch.zeros_like(seen.mean(dims)), atol=1e-5, rtol=0)
            spread = seen.var(dims, unbiased=False)
            torch.testing.assert_close(spread, torch.ones_like(spread), atol=1e-3, rtol=0)
    assert norm_1d("none", 4) == norm_2d("none", 4) == []


def test_under_spectral_norm_every_weight_matrix_has_the_largest_singular_value_one() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3, 4), nn.Embedding(5, 6))
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    spectral_norm(network)
    for index in (0, 3, 4):
        layer = network[index]
        for _ in range(100):  # power iteration goes on at each use in training
            layer.weight  # noqa: B018
        matrix = layer.weight.flatten(1)
        torch.testing.assert_close(torch.linalg.matrix_norm(matrix, 2).item(), 1.0, atol=1e-4, rtol=0)
        # A multiple of what it was: its direction is kept.
        old = before[f"{index}.weight"].flatten(1)
        torch.testing.assert_close(matrix * torch.linalg.matrix_norm(old, 2), old, atol=1e-3, rtol=0)
    assert dict(network[1].named_parameters()).keys() == {"weight", "bias"}


def test_a_batch_norm_without_gains_is_left_alone_by_init_normal() -> None:
    layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2, affine=False), nn.InstanceNorm2d(2))
    init_normal(layers)
    assert layers[0].weight.std() < 0.1


CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


@pytest.mark.parametrize("convolution", CONVOLUTIONS)
def test_convolutions_of_every_dimension_are_initialised_and_get_spectral_norm(convolution: type[nn.Module]) -> None:
    torch.manual_seed(0)
    layer = convolution(3, 4, 3)
    init_normal(layer)
    assert layer.weight.std().item() == pytest.approx(0.02, rel=0.4)
    spectral_norm(layer)
    for _ in range(30):  # power iterations
        layer.weight  # noqa: B018  # each look runs one
    out_first = layer.weight.transpose(0, 1) if "Transpose" in convolution.__name__ else layer.weight
    assert torch.linalg.matrix_norm(out_first.flatten(1), 2).item() == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize(
    ("norm", "shape"),
    [
        (nn.BatchNorm1d(2), (4, 2)),
        (nn.BatchNorm2d(2), (4, 2, 3, 3)),
        (nn.BatchNorm3d(2), (4, 2, 3, 3, 3)),
        (nn.InstanceNorm2d(2, track_running_stats=True), (4, 2, 3, 3)),
    ],
)
def test_running_statistics_of_every_kind_of_norm_stay_while_they_are_frozen(
    norm: nn.Module, shape: tuple[int, ...]
) -> None:
    with frozen_running_stats(norm):
        norm(5 + torch.randn(shape))
    assert norm.running_mean.tolist() == [0, 0]
    norm(5 + torch.randn(shape))
    assert norm.running_mean.min() > 0.1
