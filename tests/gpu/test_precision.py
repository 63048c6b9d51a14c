"""Lower precisions learn what fp32 does, and CUDA's settings are as before after a run."""

from collections.abc import Callable
from pathlib import Path
from statistics import mean

import pytest
import torch

import gan_run
from gan_run import Spec
from gan_run.core.engine.training import Training, read_scalars
from gan_run.registry.plugins import Registry

STEPS = 20


def losses(training: Training) -> dict[str, float]:
    """The mean of each scalar over some steps."""
    logged = [read_scalars(training.advance()) for _ in range(STEPS)]
    return {name: mean(each[name] for each in logged) for name in logged[0]}


@pytest.mark.parametrize(("precision", "near"), [("bf16", 0.05), ("tf32", 0.01)])
def test_losses_are_near_those_of_fp32(
    noise: Callable[..., Spec], begin: Callable[[Spec], Training], device: str, precision: str, near: float
) -> None:
    found, wanted = (losses(begin(noise(device, {"precision": each}))) for each in (precision, "fp32"))
    assert found == pytest.approx(wanted, abs=near)
    assert precision == "tf32" or found != wanted


def test_tf32_changes_products_on_a_gpu_that_has_it(
    noise: Callable[..., Spec], begin: Callable[[Spec], Training], cuda: str
) -> None:
    if torch.cuda.get_device_capability(cuda) < (8, 0):
        pytest.skip("this device computes no TF32 products")
    wide = {"type": "infogan-mnist", "width": 0.5}
    fields = {"generator": wide, "discriminator": {"trunk": wide, "head": {"type": "linear"}}}
    found, wanted = (losses(begin(noise(cuda, {"precision": each}, **fields))) for each in ("tf32", "fp32"))
    assert found != wanted


@pytest.mark.parametrize("options", [{"channels_last": True}, {"cudnn_benchmark": True}])
def test_other_layouts_and_algorithms_are_the_same_mathematics(
    noise: Callable[..., Spec], begin: Callable[[Spec], Training], device: str, options: dict[str, bool]
) -> None:
    found, wanted = (losses(begin(noise(device, each))) for each in (options, {}))
    assert found == pytest.approx(wanted, abs=0.01)


def test_a_run_leaves_torchs_settings_as_they_were(
    noise: Callable[..., Spec], registry: Registry, device: str, tmp_path: Path
) -> None:
    def settings() -> tuple[object, ...]:
        backends = torch.backends
        return torch.get_float32_matmul_precision(), backends.cudnn.allow_tf32, backends.cudnn.benchmark

    before = settings()
    spec = noise(device, {"precision": "tf32", "cudnn_benchmark": True, "steps": 2})
    gan_run.train(spec, tmp_path, options=gan_run.RunOptions(registry=registry))
    assert settings() == before


def test_auto_chooses_a_precision_that_the_device_has(
    noise: Callable[..., Spec], registry: Registry, device: str, tmp_path: Path
) -> None:
    run = gan_run.train(
        noise(device, {"precision": "auto", "steps": 1}), tmp_path, options=gan_run.RunOptions(registry=registry)
    )
    chosen = gan_run.read_spec(run / "spec.json", registry=registry).train.precision
    assert chosen in ({"fp32", "bf16"} if device == "cpu" else {"fp32", "tf32", "bf16"})
