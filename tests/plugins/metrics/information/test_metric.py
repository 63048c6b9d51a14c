import json
import math
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, cast

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from gan_run import BatchNorm1d, DataInfo, ImageShape, Latent, Model
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.metrics.information.metric import Information
from gan_run.testing import FakeSplits, fake_model

NOTHING = FakeSplits(DataInfo(ImageShape(1, 1, 1), {}))
"""The metric looks at no data."""


def model(latents: dict[str, Latent], matrix: Tensor, pixels: dict[str, slice], scale: float = 1.0) -> Model:
    """The image is the generator's input times a matrix; each code's posterior parameters are a slice of it, scaled."""
    reads = {code: partial(read, where=where, scale=scale) for code, where in pixels.items()}
    return fake_model(latents, lambda embedded: (embedded @ matrix).view(len(embedded), 1, 1, -1), reads)


def read(pixels: Tensor, where: slice, scale: float) -> Tensor:
    return pixels[:, where] * scale


def found(model: Model, code: str, samples: int = 10000) -> dict[str, float]:
    torch.manual_seed(0)
    measured = Information(samples=samples).measure(model, NOTHING)
    json.dumps(measured, allow_nan=False)
    codes = cast(dict[str, dict[str, float]], measured["codes"])
    return codes[code]


def test_a_category_that_is_read_without_fail_gives_its_entropy() -> None:
    latents: dict[str, Latent] = {"category": Categorical(classes=5)}
    category = found(model(latents, torch.eye(5), {"category": slice(0, 5)}, scale=50.0), "category")
    assert category == {
        "bound": pytest.approx(math.log(5)),
        "standard_error": pytest.approx(0, abs=1e-6),
        "unfitted": pytest.approx(math.log(5)),
        "entropy": pytest.approx(math.log(5)),
        "share": pytest.approx(1),
        "recovery": pytest.approx(1),
    }


def test_categories_drawn_alike_in_pairs_lose_one_bit() -> None:
    # Categories 0 and 1 look the same, and so do 2 and 3: ln 4 - ln 2 is left.
    merged = torch.tensor([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
    latents: dict[str, Latent] = {"category": Categorical(classes=4)}
    category = found(model(latents, merged, {"category": slice(0, 4)}, scale=50.0), "category")
    assert category["bound"] == pytest.approx(math.log(2), abs=1e-4)
    assert category["share"] == pytest.approx(0.5, abs=1e-4)
    assert category["recovery"] == pytest.approx(0.5, abs=1e-4)


def test_a_q_that_is_sure_of_what_it_cannot_know_falls_below_zero() -> None:
    # The image is blank but for a constant that makes Q say "0", with logits 3, 0.
    latents: dict[str, Latent] = {"category": Categorical(classes=2)}
    category = found(model(latents, torch.tensor([[3.0, 0], [3, 0]]), {"category": slice(0, 2)}), "category")
    expected = math.log(2) + 1.5 - math.log(1 + math.e**3)  # the mean of log Q(0) = 3 - log(1 + e^3) and log Q(1)
    assert category["bound"] == pytest.approx(expected, abs=4 * category["standard_error"])
    assert category["standard_error"] == pytest.approx(1.5 / math.sqrt(5000), rel=0.01)
    assert category["recovery"] == 0.0


def test_a_uniform_code_under_gaussian_noise() -> None:
    sigma = 0.1
    latents: dict[str, Latent] = {"c": Uniform(), "z": Gaussian()}
    c = found(model(latents, torch.tensor([[1.0], [sigma]]), {"c": slice(0, 1)}), "c")
    error = 4 * c["standard_error"]
    # The residual is normal with deviation sigma; a unit deviation costs what a unit normal says of it.
    assert c["bound"] == pytest.approx(math.log(2) - 0.5 * math.log(2 * math.pi * math.e * sigma**2), abs=error)
    assert c["unfitted"] == pytest.approx(math.log(2) - 0.5 * math.log(2 * math.pi) - sigma**2 / 2, abs=error)
    assert c["entropy"] == pytest.approx(math.log(2))
    assert c["recovery"] == pytest.approx(1 - sigma**2 / (1 / 3), abs=0.005)
    assert "share" not in c


def test_several_copies_add_up() -> None:
    latents: dict[str, Latent] = {"c": Uniform(count=2), "z": Gaussian(count=2)}
    matrix = torch.tensor([[1.0, 0], [0, 1], [0.1, 0], [0, 0.2]])
    c = found(model(latents, matrix, {"c": slice(0, 2)}), "c")
    one, other = (math.log(2) - 0.5 * math.log(2 * math.pi * math.e * sigma**2) for sigma in (0.1, 0.2))
    assert c["bound"] == pytest.approx(one + other, abs=4 * c["standard_error"])


def test_halves_and_chunks() -> None:
    latents: dict[str, Latent] = {"c": Uniform(), "category": Categorical(classes=2), "z": Gaussian()}
    matrix = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0.1, 0, 0]])
    reads = model(latents, matrix, {"category": slice(1, 3), "c": slice(0, 1)})
    for samples, half in ((4, 2), (5, 2), (1001, 500)):
        measured = Information(samples=samples).measure(reads, NOTHING)
        assert measured["fitted_on"] == {"generated": half}
        assert measured["measured_on"] == {"generated": samples - half}
        codes = measured["codes"]
        assert isinstance(codes, dict)
        assert list(codes) == ["category", "c"]
        json.dumps(measured, allow_nan=False)


def test_no_codes_no_numbers() -> None:
    measured = Information().measure(model({"z": Gaussian()}, torch.eye(1), {}), NOTHING)
    assert measured["codes"] == {}


class NoFloat64(TorchFunctionMode):
    """Stands in for a device without float64 (Apple's): only what was brought to the CPU may become double."""

    def __init__(self) -> None:
        super().__init__()
        self._on_cpu: list[Tensor] = []

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        if func is Tensor.double and not any(args[0] is tensor for tensor in self._on_cpu):
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64")
        result = func(*args, **(kwargs or {}))
        if func is Tensor.cpu:
            assert isinstance(result, Tensor)
            self._on_cpu.append(result)
        return result


def test_the_device_needs_no_float64() -> None:
    latents: dict[str, Latent] = {"c": Uniform(), "category": Categorical(classes=2)}
    with NoFloat64():
        found(model(latents, torch.eye(3), {"category": slice(1, 3), "c": slice(0, 1)}), "c", samples=8)


@pytest.mark.parametrize(("mean", "warned"), [(0.0, False), (20.0, True)])
def test_codes_that_running_and_batch_statistics_recover_differently_are_said(mean: float, warned: bool) -> None:
    # Pixels are 1 at the category and 0 elsewhere. A running mean far from theirs makes every logit alike but for one.
    norm = BatchNorm1d(2)
    norm.running_mean = torch.tensor([-mean, 0.0])
    norm.running_var = torch.full((2,), 0.01)
    latents: dict[str, Latent] = {"category": Categorical(classes=2)}
    normed = fake_model(latents, lambda embedded: embedded[:, None, None], {"category": norm})
    torch.manual_seed(0)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        measured = Information(samples=1000).measure(normed, NOTHING)
    assert measured["statistics"] == "running"
    recovery = cast(dict[str, dict[str, float]], measured["recovery"])
    assert recovery["batch"]["category"] > 0.7
    assert (recovery["running"]["category"] < 0.2) is warned
    texts = [str(each.message) for each in said]
    assert len(texts) == warned
    assert all("the recovery of 'category' is 0.00 with running statistics" in text for text in texts)
    torch.manual_seed(0)
    batch = Information(samples=1000, statistics="batch").measure
    with pytest.warns(UserWarning, match="batch statistics") if warned else nullcontext():
        found = cast(dict[str, dict[str, float]], batch(normed, NOTHING)["codes"])
    assert found["category"]["recovery"] > 0.7
