"""Networks start from weights in a file, and the run records which."""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from gan_run import DataError, RunOptions, load, read_spec, train
from gan_run.core.run import checkpoint
from gan_run.registry.plugins import Registry

Small = Callable[..., Mapping[str, Any]]
TRUNK = {"type": "mlp", "hidden": [10]}


def with_trunk(small: Small, weights: Path, **fields: object) -> dict[str, Any]:
    file = {"path": str(weights), "prefix": "game.discriminator.trunk.", **fields.pop("file", {})}  # type: ignore[dict-item]
    trunk = {"type": "pretrained", "network": TRUNK, "weights": file, **fields}
    return {**small(), "name": "second", "discriminator": {"trunk": trunk, "head": {"type": "linear"}}}


@pytest.fixture
def first(small: Small, registry: Registry, tmp_path: Path) -> Path:
    """The model file of a finished run."""
    run = train(small(), tmp_path / "first", options=RunOptions(registry=registry))
    return checkpoint.complete(run / "checkpoints")[-1].folder / "model.safetensors"


def trunk_tensors(run: Path) -> dict[str, torch.Tensor]:
    tensors = load_file(checkpoint.complete(run / "checkpoints")[-1].folder / "model.safetensors")
    return {name: tensor for name, tensor in tensors.items() if "discriminator.trunk" in name}


def test_a_frozen_trunk_keeps_the_weights_of_the_file_and_the_run_records_their_hash(
    small: Small, registry: Registry, first: Path, tmp_path: Path
) -> None:
    options = RunOptions(registry=registry)
    run = train(with_trunk(small, first, frozen=True), tmp_path, options=options)
    assert trunk_tensors(run).keys() == trunk_tensors(first.parents[2]).keys()
    for name, expected in trunk_tensors(first.parents[2]).items():
        assert torch.equal(trunk_tensors(run)[name], expected)
    (stretch,) = json.loads((run / "environment.json").read_text())["stretches"]
    assert stretch["weights"] == {"discriminator.trunk.weights": sha256(first.read_bytes()).hexdigest()}
    digest = sha256(first.read_bytes()).hexdigest()
    first.unlink()  # a finished model does not need the file
    assert load(run, registry=registry).sample(2).shape == (2, 1, 8, 8)
    assert digest


def test_weights_that_are_trained_on_start_from_the_file(
    small: Small, registry: Registry, first: Path, tmp_path: Path
) -> None:
    spec = {**with_trunk(small, first)}
    spec["optimizers"] = {name: {"type": "adam", "lr": 1e-6} for name in ("generator", "discriminator")}
    run = train(spec, tmp_path, options=RunOptions(registry=registry))
    for name, expected in trunk_tensors(first.parents[2]).items():
        found = trunk_tensors(run)[name]
        assert not torch.equal(found, expected)
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_an_interrupted_run_goes_on_without_the_file(
    small: Small, registry: Registry, first: Path, tmp_path: Path
) -> None:
    from gan_run import Stopped

    spec, calls = with_trunk(small, first), iter([False, False, True])
    with pytest.raises(Stopped):
        train(spec, tmp_path / "cut", options=RunOptions(registry=registry, stop=lambda: next(calls)))
    straight = train(spec, tmp_path / "straight", options=RunOptions(registry=registry))
    first.unlink()
    resumed = train(spec, tmp_path / "cut", options=RunOptions(registry=registry))
    for name, expected in trunk_tensors(straight).items():
        assert torch.equal(trunk_tensors(resumed)[name], expected)


def test_a_generator_starts_from_the_average_of_another_run(
    small: Small, registry: Registry, first: Path, tmp_path: Path
) -> None:
    weights = {"path": str(first), "prefix": "average.module.generator."}
    generator = {"type": "pretrained", "network": small()["generator"], "weights": weights}
    spec = {**small(), "name": "second", "generator": generator}
    spec["optimizers"] = {name: {"type": "adam", "lr": 1e-7} for name in ("generator", "discriminator")}
    run = train(spec, tmp_path, options=RunOptions(registry=registry))
    one, other = load(first.parents[2], registry=registry), load(run, registry=registry)
    torch.testing.assert_close(one.sample(8, seed=1), other.sample(8, seed=1), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"network": {"type": "mlp", "hidden": [11]}}, "does not fit: 2 of 2 tensors"),
        ({"file": {"prefix": "game.trunk."}}, "does not fit: 2 of 2 tensors, such as game.trunk.*which is missing"),
        ({"file": {"sha256": "0" * 64}}, "has the SHA-256 [0-9a-f]{64}, and not 0000"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_before_training(
    small: Small, registry: Registry, first: Path, tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    spec = with_trunk(small, first, **fields)
    with pytest.raises(DataError, match=message):
        train(spec, tmp_path, options=RunOptions(registry=registry))


def test_a_missing_or_damaged_file_is_named(small: Small, registry: Registry, tmp_path: Path) -> None:
    for name, content in (("gone.safetensors", None), ("bad.safetensors", b"no weights")):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(DataError, match=f"{name} cannot be read"):
            train(with_trunk(small, path), tmp_path / "runs", options=RunOptions(registry=registry))
    save_file({"a": torch.zeros(1)}, tmp_path / "other.bin")
    with pytest.raises(ValueError, match=r"other\.bin is no \.safetensors file"):
        read_spec(with_trunk(small, tmp_path / "other.bin"), registry=registry)
