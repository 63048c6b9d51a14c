"""An experiment on a dataset of this library, and its resumption."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import gan_run
from gan_run import RunOptions, Stopped

SPEC: dict[str, Any] = {
    "name": "digits",
    "latents": {"z": {"type": "gaussian", "count": 3}, "digit": {"type": "label"}},
    "generator": {"type": "mlp", "hidden": [8]},
    "discriminator": {"trunk": {"type": "mlp", "hidden": [8]}, "head": {"type": "linear"}},
    "losses": [{"type": "non-saturating"}, {"type": "acgan", "label": "digit"}],
    "optimizers": {player: {"type": "adam", "lr": 1e-3} for player in ("generator", "discriminator")},
    "train": {
        "steps": 9,
        "log_every": 1,
        "batch_size": 7,
        "precision": "fp32",
        "device": "cpu",
        "checkpoint_every": 3,
        "keep": 2,
    },
    "artifacts": [{"type": "samples", "rows": 2, "every": 3}],
}


def spec(path: Path) -> dict[str, Any]:
    data = {"type": "hf-datasets", "path": str(path), "size": 6, "label": "digit", "mirror": True, "validation": 4}
    return {**SPEC, "data": data}


def files(run: Path) -> Iterator[tuple[str, bytes]]:
    """All files but those that say when the run trained."""
    for path in sorted(run.rglob("*")):
        if path.is_file() and path.name not in ("metrics.jsonl", "environment.json", "report.html"):
            yield str(path.relative_to(run)), path.read_bytes()


def metrics(run: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in ("time", "crc32")} for line in lines]


def test_a_run_that_is_interrupted_ends_with_the_same_bytes(two_splits: Path, tmp_path: Path) -> None:
    whole = gan_run.train(spec(two_splits), tmp_path / "whole")
    steps = count(1)
    with pytest.raises(Stopped):
        gan_run.train(spec(two_splits), tmp_path / "parts", options=RunOptions(stop=lambda: next(steps) == 6))
    resumed = gan_run.resume(tmp_path / "parts" / "digits")
    expected, found = dict(files(whole)), dict(files(resumed))
    assert {"checkpoints/step-00000009/model.safetensors", "samples/step-00000009.png"} <= expected.keys()
    assert found == expected
    assert metrics(resumed) == metrics(whole)
    assert gan_run.load(resumed).sample(2, digit=1).shape == (2, 3, 6, 6)
