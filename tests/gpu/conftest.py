"""What the tests of a GPU share. Those that need none run on the CPU too: the same code, on a small GAN."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import torch

from gan_run import Spec, read_spec
from gan_run.core.engine.training import Training
from gan_run.core.kinds.data_source import Splits
from gan_run.core.run.resolve import check_against_data
from gan_run.registry.plugins import Registry

ON_CUDA = (
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here"),
)


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=ON_CUDA)])
def device(request: pytest.FixtureRequest) -> str:
    """Each device that a test runs on."""
    name: str = request.param
    return name


@pytest.fixture(params=[pytest.param("cuda", marks=ON_CUDA)])
def cuda(request: pytest.FixtureRequest) -> Iterator[str]:
    """For tests of what only CUDA has."""
    yield request.param
    torch.cuda.synchronize()
    torch.compiler.reset()


@pytest.fixture
def content() -> Callable[..., dict[str, Any]]:
    """content(device, train={…}, …) is quickstart's GAN, very narrow, on noise; `train` adds to its own fields."""

    def make(device: str, train: Mapping[str, object] | None = None, **fields: object) -> dict[str, Any]:
        return {
            "name": "noise",
            "seed": 5,
            "data": {"type": "toys", "side": 28, "images": 96},
            "latents": {
                "z": {"type": "uniform", "count": 8},
                "category": {"type": "categorical", "classes": 4},
                "c": {"type": "uniform"},
            },
            "generator": {"type": "infogan-mnist", "width": 0.05},
            "discriminator": {"trunk": {"type": "infogan-mnist", "width": 0.05}, "head": {"type": "linear"}},
            "losses": [
                {"type": "non-saturating"},
                {"type": "mutual-information", "codes": {"category": 1.0, "c": 1.0}, "hidden": 8},
            ],
            "optimizers": {name: {"type": "adam", "lr": 2e-4} for name in ("generator", "discriminator")},
            "train": {
                "steps": 6,
                "batch_size": 16,
                "checkpoint_every": 3,
                "log_every": 1,
                "device": device,
                **(train or {}),
            },
            **fields,
        }

    return make


@pytest.fixture
def noise(registry: Registry, content: Callable[..., dict[str, Any]]) -> Callable[..., Spec]:
    """noise(device, …) is the spec of `content(device, …)`."""

    def make(device: str, train: Mapping[str, object] | None = None, **fields: object) -> Spec:
        return read_spec(content(device, train, **fields), registry=registry)

    return make


@pytest.fixture
def begin() -> Callable[[Spec], Training]:
    """The training of a spec before its first step."""

    def start(spec: Spec) -> Training:
        data = Splits(spec.data)
        return Training(spec, check_against_data(spec, data), data["train"])

    return start
