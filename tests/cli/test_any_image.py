"""Images of any size, type and number of channels, from check to pictures, with the values that they have."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import Result
from numpy.typing import NDArray
from PIL import Image

from gan_run import ImageShape, PixelCodec, RunOptions, Stopped, load, read_spec, train
from gan_run.core.run import checkpoint

Here = Callable[..., Result]
DRAW = np.random.default_rng(0)
DCGAN = {"type": "dcgan", "width": 0.02}
MLP = {"type": "mlp", "hidden": [8]}


def noise(*shape: int) -> NDArray[np.float64]:
    """24 images of smooth noise in [0, 1], each of its own brightness."""
    return np.clip(DRAW.uniform(0, 1, (24, *[1] * len(shape))) * 0.6 + DRAW.uniform(0, 0.4, (24, *shape)), 0, 1)


def folder(where: Path, pixels: NDArray[np.float64], mode: str) -> None:
    for number, image in enumerate(np.round(pixels * 255).astype(np.uint8)):
        Image.fromarray(image, mode).save(where / f"{number}.png")


def rgb_folder(where: Path) -> tuple[dict[str, Any], ImageShape, PixelCodec, NDArray[np.float64]]:
    pixels = noise(218, 178, 3)
    folder(where, pixels, "RGB")
    data = {"type": "image-folder", "root": str(where), "size": [218, 178], "cache": str(where / ".cache")}
    return data, ImageShape(3, 218, 178), PixelCodec(), np.round(pixels * 255) / 255


def rgba_folder(where: Path) -> tuple[dict[str, Any], ImageShape, PixelCodec, NDArray[np.float64]]:
    pixels = noise(20, 14, 4)
    folder(where, pixels, "RGBA")
    data = {"type": "image-folder", "root": str(where), "size": [20, 14], "channels": 4, "cache": str(where / ".cache")}
    return data, ImageShape(4, 20, 14), PixelCodec(), np.round(pixels * 255) / 255


def four_channels(where: Path) -> tuple[dict[str, Any], ImageShape, PixelCodec, NDArray[np.float64]]:
    stored = np.round(noise(48, 32, 4) * 4095).astype(np.uint16)
    np.savez(where / "x.npz", images=stored)
    data = {"type": "array", "path": str(where / "x.npz"), "range": [0, 4095]}
    return data, ImageShape(4, 48, 32), PixelCodec("uint16", 0.0, 4095.0), stored / 4095


def real_numbers(where: Path) -> tuple[dict[str, Any], ImageShape, PixelCodec, NDArray[np.float64]]:
    stored = noise(12, 12).astype(np.float32)
    np.savez(where / "x.npz", images=stored)
    data = {"type": "array", "path": str(where / "x.npz"), "range": [0, 1]}
    return data, ImageShape(1, 12, 12), PixelCodec("float32", 0.0, 1.0), stored[..., None].astype(np.float64)


@pytest.mark.parametrize(
    ("write", "networks"),
    [(rgb_folder, DCGAN), (rgba_folder, DCGAN), (four_channels, DCGAN), (real_numbers, MLP)],
    ids=["rgb-218x178", "rgba-20x14", "uint16-48x32x4", "float32-12x12"],
)
def test_images_go_from_check_to_pictures_with_their_values(
    write: Callable[[Path], Any], networks: Mapping[str, object], tmp_path: Path, here: Here
) -> None:
    (tmp_path / "data").mkdir()
    data, image, codec, pixels = write(tmp_path / "data")
    spec = {
        "name": "odd",
        "data": {**data, "test_fraction": 0.3},
        "latents": {"z": {"type": "gaussian", "count": 3}, "c": {"type": "uniform"}},
        "generator": networks,
        "discriminator": {"trunk": networks, "head": {"type": "linear"}},
        "losses": [{"type": "hinge"}, {"type": "mutual-information", "codes": {"c": 1.0}, "hidden": None}],
        "optimizers": {name: {"type": "adam", "lr": 1e-3} for name in ("generator", "discriminator")},
        "train": {"steps": 4, "batch_size": 4, "checkpoint_every": 2, "device": "cpu", "ema": None},
        "metrics": [{"type": "reconstruction"}],
        "artifacts": [{"type": "samples", "rows": 2, "columns": 3}, {"type": "traversal", "rows": 2, "steps": 3}],
    }
    (tmp_path / "odd.json").write_text(json.dumps(spec))
    checked = here("check", tmp_path / "odd.json")
    assert checked.exit_code == 0, checked.stderr
    assert str(image) in checked.stdout

    straight = train(tmp_path / "odd.json", tmp_path / "straight")
    answers = iter([False, True])
    with pytest.raises(Stopped):
        train(tmp_path / "odd.json", tmp_path / "cut", options=RunOptions(stop=lambda: next(answers)))
    resumed = train(tmp_path / "odd.json", tmp_path / "cut")
    files = [checkpoint.complete(run / "checkpoints")[-1].folder / "model.safetensors" for run in (straight, resumed)]
    assert files[0].read_bytes() == files[1].read_bytes()

    model = load(straight)
    assert (model.image, model.codec) == (image, codec)
    assert here("sample", straight, "--n", "5", "--seed", "3", "--out", tmp_path / "x.npz").exit_code == 0
    sampled = np.load(tmp_path / "x.npz")["images"]
    assert sampled.dtype == codec.dtype
    made = (model.sample(5, seed=3).double().numpy() + 1) / 2 * (codec.high - codec.low) + codec.low
    np.testing.assert_allclose(sampled, made, atol=0.5001 if codec.dtype != "float32" else 1e-6)
    assert here("sample", straight, "--out", tmp_path / "x.png").exit_code == 0
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.mode == ("RGBA" if image.channels == 4 else "RGB")
    assert here("traverse", straight, "--code", "c", "--steps", "3", "--rows", "1", "--out", tmp_path).exit_code == 0

    source = read_spec(tmp_path / "odd.json").data
    real = {
        split: source.load(split).batch(torch.arange(source.describe().sizes[split])).images
        for split in ("train", "test")
    }
    everything = torch.cat(list(real.values())).double().flatten(1)
    expected = torch.from_numpy(np.moveaxis(pixels, -1, 1).copy()).flatten(1) * 2 - 1
    assert torch.cdist(everything, expected).min(1).values.max() < 1e-3 * expected.shape[1] ** 0.5
    (found,) = json.loads((straight / "evaluation.json").read_text())["metrics"]
    by_hand = (real["train"].mean(0) - real["test"]).square().mean().item()
    assert found["found"]["mean_image"] == pytest.approx(by_hand, rel=1e-4)
    assert model.encode(real["test"])["c"].shape == (len(real["test"]),)


def test_signals_train_and_what_cannot_be_drawn_says_so(tmp_path: Path, here: Here) -> None:
    np.savez(tmp_path / "x.npz", images=DRAW.uniform(-1, 1, (20, 2, 16)).astype(np.float32))
    spec = {
        "name": "signals",
        "data": {"type": "array", "path": "x.npz", "range": [-1, 1], "layout": "CL"},
        "latents": {"z": {"type": "gaussian", "count": 3}},
        "generator": MLP,
        "discriminator": {"trunk": MLP, "head": {"type": "linear"}},
        "losses": [{"type": "hinge"}, {"type": "r1"}],
        "optimizers": {name: {"type": "adam", "lr": 1e-3} for name in ("generator", "discriminator")},
        "train": {"steps": 2, "batch_size": 4, "device": "cpu"},
    }
    (tmp_path / "signals.json").write_text(json.dumps(spec))
    run = train(tmp_path / "signals.json", tmp_path / "runs")
    assert load(run).sample(3).shape == (3, 2, 16)
    assert here("sample", run, "--n", "3", "--out", tmp_path / "s.npz").exit_code == 0
    assert np.load(tmp_path / "s.npz")["images"].dtype == np.float32
    refused = here("sample", run, "--out", tmp_path / "s.png")
    assert refused.exit_code == 2
    assert "images of 16, 2 channel(s) are no pictures" in refused.stderr
    for changes in (['artifacts[0]={"type": "samples"}'], ['generator={"type": "dcgan"}']):
        refused = here("check", tmp_path / "signals.json", "--set", changes[0])
        assert refused.exit_code == 2
        assert "16, 2 channel(s)" in refused.stderr
