"""A run for the command line to look at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_run import RunOptions, train
from gan_run.registry.plugins import Registry


@pytest.fixture(scope="session")
def run(registry: Registry, small: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run of the small spec, with a metric."""
    spec = small(train={"steps": 4}, metrics=[{"type": "loudness"}])
    out = tmp_path_factory.mktemp("runs")
    return train(spec, out, options=RunOptions(notify=lambda text: None, registry=registry))
