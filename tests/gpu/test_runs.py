"""Runs on a device: resumed, loaded elsewhere, fed from a file, stopped by a loss that is not finite."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import gan_run
from gan_run import DataInfo, DataSource, ImageSet, ImageShape, Spec, StoredImages, TrainingError
from gan_run.registry.plugins import Registry

NEAR = 1e-4
"""How far weights may be apart after six steps where a device adds up in any order."""


def weights(run: Path, step: int = 6) -> dict[str, Tensor]:
    found: dict[str, Tensor] = load_file(run / "checkpoints" / f"step-{step:08d}" / "model.safetensors")
    return found


def assert_near(found: dict[str, Tensor], wanted: dict[str, Tensor], atol: float) -> None:
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name].double(), value.double(), rtol=0, atol=atol, msg=name)


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    noise: Callable[..., Spec], registry: Registry, device: str, tmp_path: Path
) -> None:
    whole = gan_run.train(noise(device), tmp_path / "whole", options=gan_run.RunOptions(registry=registry))
    cut = gan_run.train(noise(device, {"steps": 3}), tmp_path / "cut", options=gan_run.RunOptions(registry=registry))
    gan_run.resume(cut, overrides=["train.steps=6"], options=gan_run.RunOptions(registry=registry))
    assert_near(weights(cut), weights(whole), 0.0 if device == "cpu" else NEAR)


DETERMINISTIC = """
import sys, torch, gan_run
torch.use_deterministic_algorithms(True)
spec, out, device = sys.argv[1:]
overrides = [f"train.device={device}"]
gan_run.train(spec, f"{out}/whole", overrides=overrides)
cut = gan_run.train(spec, f"{out}/cut", overrides=[*overrides, "train.steps=3"])
gan_run.resume(cut, overrides=["train.steps=6"])
"""


def test_with_deterministic_algorithms_a_resumed_run_ends_with_the_same_bytes(
    write_spec: Callable[..., Path],
    content: Callable[..., dict[str, Any]],
    environment: Callable[..., dict[str, str]],
    cuda: str,
    tmp_path: Path,
) -> None:
    spec = write_spec(**content(cuda))
    variables = environment(CUBLAS_WORKSPACE_CONFIG=":4096:8")  # else cuBLAS adds up in any order
    command = [sys.executable, "-c", DETERMINISTIC, str(spec), str(tmp_path), cuda]
    subprocess.run(command, env=variables, check=True, timeout=120)
    cut, whole = (weights(tmp_path / each / "noise") for each in ("cut", "whole"))
    assert all(torch.equal(cut[name], value) for name, value in whole.items())


LOAD = """
import sys, torch, gan_run
from safetensors.torch import load_file, save_file
run, latents, images = sys.argv[1:]
assert not torch.cuda.is_available()
model = gan_run.load(run)
assert model.device.type == "cpu"
save_file({"images": model.generate(load_file(latents)).contiguous()}, images)
"""


def test_a_run_is_loaded_where_there_is_no_gpu(
    noise: Callable[..., Spec],
    registry: Registry,
    environment: Callable[..., dict[str, str]],
    device: str,
    tmp_path: Path,
) -> None:
    run = gan_run.train(noise(device), tmp_path, options=gan_run.RunOptions(registry=registry))
    model = gan_run.load(run, registry=registry)
    latents = model.sample_latents(4)
    save_file({name: value.cpu() for name, value in latents.items()}, tmp_path / "latents.safetensors")
    arguments = [str(run), str(tmp_path / "latents.safetensors"), str(tmp_path / "images.safetensors")]
    command = [sys.executable, "-c", LOAD, *arguments]
    subprocess.run(command, env=environment(CUDA_VISIBLE_DEVICES=""), check=True, timeout=120)
    images = load_file(tmp_path / "images.safetensors")["images"]
    torch.testing.assert_close(images, model.generate(latents).cpu(), rtol=0, atol=1e-3)


class InFile(DataSource):
    """The bytes of a file as grey images, which stay in it or are read into memory."""

    type: Literal["in-file"] = "in-file"
    file: Path
    stays: bool

    def describe(self) -> DataInfo:
        count = self.file.stat().st_size // (28 * 28)
        return DataInfo(ImageShape(1, 28, 28), {"train": count, "test": count})

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        info = self.describe()
        stored = StoredImages(self.file, info.image, info.sizes["train"])
        return ImageSet(stored if self.stays else stored[torch.arange(stored.shape[0])])


def test_images_that_stay_in_a_file_train_as_those_in_memory(
    content: Callable[..., dict[str, Any]], registry: Registry, device: str, tmp_path: Path
) -> None:
    file = tmp_path / "images"
    file.write_bytes(np.random.default_rng(0).integers(0, 256, 40 * 28 * 28, dtype=np.uint8).tobytes())
    runs = []
    for stays in (True, False):
        data = {"type": "in-file", "file": str(file), "stays": stays}
        spec = content(device, data=data)
        runs.append(
            gan_run.train(
                spec, tmp_path / str(stays), options=gan_run.RunOptions(registry=registry, components=[InFile])
            )
        )
    assert_near(weights(runs[0]), weights(runs[1]), 0.0 if device == "cpu" else NEAR)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_loss_that_turns_nan_stops_the_run_and_is_named_with_its_step(
    noise: Callable[..., Spec],
    content: Callable[..., dict[str, Any]],
    registry: Registry,
    device: str,
    compiled: bool,
    tmp_path: Path,
) -> None:
    if compiled and device == "cpu":
        pytest.skip("on a CPU tests/core/engine/test_compilation.py compiles")
    losses = [*content(device)["losses"], {"type": "turns-nan", "calls": 5}]
    spec = noise(device, {"steps": 20, "log_every": 10, "checkpoint_every": 20, "compile": compiled}, losses=losses)
    with pytest.raises(TrainingError, match="step 6: the loss discriminator/turns-nan is not finite"):
        gan_run.train(spec, tmp_path, options=gan_run.RunOptions(registry=registry))


TWO = """
import sys, torch, gan_run
spec, out, device = sys.argv[1:]
torch.distributed.init_process_group("gloo")
gan_run.train(spec, out, overrides=[f"train.device={device}"])
torch.distributed.destroy_process_group()
"""


def test_two_processes_of_one_gpu_give_the_weights_of_one(
    write_spec: Callable[..., Path], environment: Callable[..., dict[str, str]], device: str, tmp_path: Path
) -> None:
    """NCCL refuses two processes of one device ("Duplicate GPU detected"), and so does what torchrun's processes get
    from us, "cuda:nccl". A group that the user makes is used as it is, and gloo averages tensors of a GPU."""
    codes = {"type": "mutual-information", "codes": {"category": 1.0, "c": 0.5}, "hidden": None}
    losses = [{"type": "non-saturating"}, codes]  # without a hidden layer there is no batch norm
    spec = write_spec({"steps": 10, "checkpoint_every": 10, "log_every": 5}, losses=losses)
    script = tmp_path / "two.py"
    script.write_text(TWO, encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script)]
    arguments = [str(spec), str(tmp_path / "two"), device]
    subprocess.run([*command, *arguments], env=environment(), check=True, timeout=120)
    one = ["-m", "gan_run", str(spec), "--set", f"train.device={device}", "--out", str(tmp_path / "one")]
    subprocess.run([sys.executable, *one], env=environment(), check=True, timeout=120)
    assert_near(weights(tmp_path / "two" / "small", 10), weights(tmp_path / "one" / "small", 10), 1e-5)
