"""Runs that were never trained, and one that was."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gan_run import DataInfo, RunOptions, train
from gan_run.registry.plugins import Registry
from made_runs import INFO, Distance, made_run


@pytest.fixture
def plugins(registry: Registry) -> Registry:
    return registry.with_components([Distance])


@pytest.fixture
def make(plugins: Registry, small: Callable[..., dict[str, Any]], tmp_path: Path) -> Callable[..., Path]:
    """make("a", metrics, lines, seed=1, train={"steps": 3}) writes a run of the small spec with fields replaced."""

    def write(
        name: str,
        metrics: Sequence[Mapping[str, object]] | None = (),
        lines: Sequence[Mapping[str, object]] = (),
        info: DataInfo = INFO,
        step: int | None = None,
        **fields: Any,
    ) -> Path:
        return made_run(tmp_path / "runs" / name, plugins, small(**fields), metrics, lines, info, step)

    return write


@pytest.fixture(scope="session")
def run(registry: Registry, small: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run of the small spec, with a metric."""
    spec = small(train={"steps": 4}, metrics=[{"type": "loudness"}])
    out = tmp_path_factory.mktemp("runs")
    return train(spec, out, options=RunOptions(notify=lambda text: None, registry=registry))
