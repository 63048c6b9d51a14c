"""What Q reads off images, with its uncertainty."""

import math

import pytest
import torch
from torch import Tensor

from gan_run.testing import fake_model

CODES = {
    "category": {"type": "categorical", "classes": 3},
    "flags": {"type": "bernoulli", "count": 2},
    "c": {"type": "uniform", "learn_std": True, "min_std": 0.1},
    "plain": {"type": "uniform"},
    "angle": {"type": "circular", "learn_std": True, "min_std": 0.1},
}


def first(columns: int) -> torch.nn.Module:
    """Posterior parameters that are the first pixels of an image."""
    return _First(columns)


class _First(torch.nn.Module):
    def __init__(self, columns: int) -> None:
        super().__init__()
        self.columns = columns

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels[:, : self.columns]


def generate(values: Tensor) -> Tensor:
    return torch.zeros(len(values), 1, 2, 2)


def test_probabilities_and_deviations_are_those_of_the_posterior() -> None:
    model = fake_model(
        CODES,
        generate,
        {"category": first(3), "flags": first(2), "c": first(2), "plain": first(1), "angle": first(3)},
    )
    pixels = torch.tensor([[0.5, -0.5, 0.25, 0.0], [-1.0, 1.0, 0.0, 0.0]], dtype=torch.float64)
    codes = model.encode(pixels.view(2, 1, 2, 2))

    assert list(codes) == ["category", "flags", "c", "plain", "angle"]
    assert codes["category"].tolist() == [0, 1]
    assert codes["flags"].tolist() == [[1, 0], [0, 1]]
    torch.testing.assert_close(codes.probabilities["category"].double(), pixels[:, :3].softmax(1))
    one = pixels[:, :2].sigmoid()
    torch.testing.assert_close(codes.probabilities["flags"].double(), torch.stack([1 - one, one], dim=-1))
    softplus = [math.log1p(math.exp(value)) for value in (-0.5, 1.0)]
    torch.testing.assert_close(codes.deviations["c"], 0.1 + torch.tensor(softplus))
    torch.testing.assert_close(codes.deviations["angle"], 0.1 + torch.tensor([0.25, 0.0]).exp().log1p())
    assert codes.probabilities.keys() == {"category", "flags"}
    assert codes.deviations.keys() == {"c", "angle"}  # the standard deviation of `plain` is one for all images
    assert repr(codes) == "Encoding(category: (2,), flags: (2, 2), c: (2,), plain: (2,), angle: (2,))"


def test_the_probabilities_of_a_child_are_given_the_likeliest_parent() -> None:
    latents = {
        "parent": {"type": "categorical", "classes": 2},
        "child": {"type": "child", "parent": "parent", "classes": 2},
    }
    model = fake_model(latents, generate, {"parent": first(2), "child": first(4)})
    pixels = torch.tensor([[1.0, 0.0, 0.5, -0.5], [0.0, 1.0, 0.5, -0.5]])
    found = model.encode(pixels.view(2, 1, 2, 2)).probabilities["child"]
    torch.testing.assert_close(found, torch.stack([pixels[0, :2].softmax(0), pixels[1, 2:].softmax(0)]))


def test_no_code_is_called_so() -> None:
    model = fake_model({"c": {"type": "uniform"}}, generate, {"c": first(1)})
    with pytest.raises(KeyError):
        model.encode(torch.zeros(1, 1, 2, 2))["d"]
