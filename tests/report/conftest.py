"""Runs with all that a page may show, made by hand."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gan_run import RunOptions, train
from gan_run.registry.plugins import Registry
from made_runs import Distance, made_run
from page_runs import EVIL, alarms, draw, log


@pytest.fixture
def plugins(registry: Registry) -> Registry:
    return registry.with_components([Distance])


@pytest.fixture
def make(plugins: Registry, small: Callable[..., dict[str, Any]], tmp_path: Path) -> Callable[..., Path]:
    """make("a", metrics, seed=1) writes a run with a log, alarms, pictures, a table, names and an environment."""

    def write(name: str, metrics: Sequence[Mapping[str, object]] | None = (), **fields: Any) -> Path:
        path = made_run(tmp_path / "runs" / name, plugins, small(**fields), metrics, log())
        (path / "alarms.jsonl").write_text("".join(json.dumps(line) + "\n" for line in alarms()))
        for step in (2, 4, 6):
            draw(path / f"samples/step-{step:08d}.png", 40 * step)
        draw(path / "traversals/step-00000006-c.png", 200)
        draw(path / "confusion/step-00000006.png", 3)
        table = {"code": "category", "split": "test", "categories": [EVIL, "category 1"], "classes": ["cat", "dog"]}
        counts = {"counts": [[7, 1], [0, 9]], "shares": [[0.875, 0.125], [0.0, 1.0]]}
        (path / "confusion/step-00000006.json").write_text(json.dumps(table | counts))
        names = {"codes": {"c": {"name": "slant <b>"}}}
        (path / "labels.json").write_text(json.dumps(names))
        stretch = {"from_step": 0, "processes": 1, "gan-run": "0.1.0", "torch": "2.x", "device": "cpu", "threads": 3}
        (path / "environment.json").write_text(json.dumps({"stretches": [stretch]}))
        return path

    return write


@pytest.fixture(scope="session")
def run(registry: Registry, small: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run of the small spec."""
    spec = small(train={"steps": 4}, metrics=[{"type": "loudness"}], artifacts=[{"type": "traversal", "rows": 1}])
    out = tmp_path_factory.mktemp("runs")
    return train(spec, out, options=RunOptions(notify=lambda text: None, progress=False, registry=registry))
