"""A run for the command line to look at."""

from pathlib import Path

import pytest

from gan_run import RunOptions, train
from gan_run.registry.plugins import Registry


@pytest.fixture(scope="session")
def run(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run. Its fields differ from the defaults, so that each is seen to be read."""
    spec = {
        "name": "small",
        "data": {"type": "toys"},
        "latents": {
            "z": {"type": "gaussian", "count": 4},
            "category": {"type": "categorical", "classes": 3},
            "c": {"type": "uniform"},
        },
        "generator": {"type": "mlp", "hidden": [12]},
        "discriminator": {"trunk": {"type": "mlp", "hidden": [10]}, "head": {"type": "linear"}},
        "losses": [{"type": "non-saturating"}, {"type": "mutual-information", "codes": {"category": 1.0, "c": 1.0}}],
        "optimizers": {
            "generator": {"type": "adam", "lr": 1e-2},
            "discriminator": {"type": "adam", "lr": 1e-2},
        },
        "train": {"steps": 4, "batch_size": 8, "checkpoint_every": 2, "device": "cpu"},
        "metrics": [{"type": "loudness"}],
    }
    out = tmp_path_factory.mktemp("runs")
    return train(spec, out, options=RunOptions(notify=lambda text: None, registry=registry))
