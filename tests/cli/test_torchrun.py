"""Several processes, started by torchrun, train as one does.

One test of what they give, and the one of a signal, start torchrun as users do; the others fork what it would start.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import Result
from safetensors.torch import load_file
from torch import Tensor

import in_order

Here = Callable[..., Result]
Torchrun = Callable[..., "subprocess.Popen[str]"]
Together = Callable[..., str]
Forked = Callable[..., "subprocess.CompletedProcess[str]"]

PENALISED = [
    {"type": "non-saturating"},
    {"type": "mutual-information", "codes": {"category": 1.0, "c": 0.5}, "hidden": None},
    {"type": "r1", "every": 2, "weight": 1.0},
    {"type": "lecam", "weight": 0.1},
]


@pytest.fixture
def torchrun(tmp_path: Path, environment: Callable[..., dict[str, str]]) -> Torchrun:
    """torchrun("x.json", …) begins a command line in two processes."""

    def begin(*arguments: str | Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
        return subprocess.Popen(
            [*command, "-m", "gan_run", *map(str, arguments)],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


@pytest.fixture
def together(forked: Forked) -> Together:
    """together("x.json", …) runs a command line in two processes, and returns what they print when all is well."""

    def run(*arguments: str | Path) -> str:
        done = forked(*arguments, processes=2)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def weights(run: Path) -> dict[str, Tensor]:
    last = sorted((run / "checkpoints").iterdir())[-1]
    found: dict[str, Tensor] = load_file(last / "model.safetensors")
    return found


def test_two_processes_give_the_weights_of_one_and_one_of_them_speaks(
    write_spec: Callable[..., Path], here: Here, torchrun: Torchrun, tmp_path: Path
) -> None:
    spec = write_spec({"steps": 50, "checkpoint_every": 50, "log_every": 25}, losses=PENALISED)
    said, errors = (process := torchrun(spec, "--out", "two")).communicate(timeout=120)
    assert process.returncode == 0, errors
    assert here(spec, "--out", "one").exit_code == 0
    one, two = weights(tmp_path / "one" / "small"), weights(tmp_path / "two" / "small")
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name].double(), value.double(), rtol=0, atol=1e-5, msg=name)
    assert said.count("done: two/small") == 1
    assert "Warning: find_unused" not in errors

    def logged(out: str) -> list[dict[str, float]]:
        lines = (tmp_path / out / "small" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        return [
            {key: value for key, value in json.loads(line).items() if key not in ("time", "crc32")} for line in lines
        ]

    for ours, theirs in zip(logged("two"), logged("one"), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-5)

    resume = ("train", "--resume", "two/small", "--set", "train.steps=51")
    refused = here(*resume)
    assert refused.exit_code == 2
    assert "2 processes trained this run so far, and now it would be 1" in refused.stderr
    assert "--any-processes" in refused.stderr
    assert here(*resume, "--any-processes").exit_code == 0
    stretches = json.loads((tmp_path / "two/small/environment.json").read_text(encoding="utf-8"))["stretches"]
    assert [stretch["processes"] for stretch in stretches] == [2, 1]


def test_the_graph_of_reused_fakes_outlives_the_first_update(
    write_spec: Callable[..., Path], together: Together
) -> None:
    """Neither what begins an update of several processes nor the restoring of buffers writes to the generator."""
    with_batch_norm = {"type": "dcgan", "width": 0.05}
    data = {"type": "toys", "side": 12}
    spec = write_spec({"steps": 2, "reuse_fakes": True}, data=data, generator=with_batch_norm)
    assert "\ndone: runs/small\n" in together(spec)


PLUGIN = """
from typing import Literal

from torch import nn

from gan_run import Features, Loss, LossTerm, Trunk, TrunkModule, hookimpl


class LazyTerm(LossTerm):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 1)

    def trained_by(self):
        return {"extra": self.layer}

    def extra_loss(self, update):
        return self.layer(update.real.flatten(1)).square().mean()


class One(Loss):
    type: Literal["one"] = "one"

    def build(self, context):
        return LazyTerm()


class Two(One):
    type: Literal["two"] = "two"


class Frozen(Trunk):
    type: Literal["half-frozen"] = "half-frozen"

    def build(self, image):
        return FrozenModule()


class FrozenModule(TrunkModule):
    features = 4

    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(64, 6).requires_grad_(False)
        nn.init.constant_(self.backbone.weight, 0.125)
        self.layer = nn.Linear(6, 4)

    def forward(self, images):
        return Features(self.layer(self.backbone(images.flatten(1)).relu()))


@hookimpl
def gan_run_components():
    return [One, Two, Frozen]
"""


LATE = {"type": "linear", "start": 0, "end": 1, "from_step": 3, "to_step": 5}


def test_lazy_and_late_losses_and_frozen_parameters_train_in_two_processes_as_in_one(
    write_spec: Callable[..., Path], here: Here, together: Together, tmp_path: Path
) -> None:
    plugin = tmp_path / "lazy.py"
    plugin.write_text(PLUGIN, encoding="utf-8")
    discriminator = {"trunk": {"type": "half-frozen"}, "head": {"type": "linear"}}
    losses = [
        {"type": "non-saturating"},
        {"type": "one", "every": 2},
        {"type": "two", "every": 3},
        {"type": "mutual-information", "codes": {"category": 1.0}, "hidden": None, "weight": LATE},
    ]
    optimizers = {name: {"type": "adam", "lr": 1e-3} for name in ("generator", "discriminator", "extra")}
    train = {"steps": 8, "checkpoint_every": 8}
    spec = write_spec(train, losses=losses, optimizers=optimizers, discriminator=discriminator)
    together(spec, "--plugin", plugin, "--out", "two")
    alone = here(spec, "--plugin", plugin, "--out", "one")
    assert alone.exit_code == 0, alone.output
    one, two = weights(tmp_path / "one" / "small"), weights(tmp_path / "two" / "small")
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name].double(), value.double(), rtol=0, atol=1e-5, msg=name)
    backbone = two["game.discriminator.trunk.backbone.weight"]
    assert torch.equal(backbone, torch.full((6, 64), 0.125))


def test_processes_draw_apart_what_is_drawn_within_an_update_and_resume_to_the_same_bytes(
    write_spec: Callable[..., Path], together: Together, tmp_path: Path
) -> None:
    augmented = {
        "trunk": {"type": "mlp", "hidden": [10]},
        "head": {"type": "linear"},
        "augment": [{"type": "ada", "target": 0.0}],
    }
    losses = [*PENALISED[:2], {"type": "gradient-penalty"}]
    spec = write_spec({"steps": 4, "checkpoint_every": 2}, losses=losses, discriminator=augmented)
    together(spec, "--set", "train.steps=2", "--out", "cut")
    together("train", "--resume", "cut/small", "--set", "train.steps=4")
    together(spec, "--out", "whole")
    whole, cut = weights(tmp_path / "whole" / "small"), weights(tmp_path / "cut" / "small")
    assert all(torch.equal(cut[name], value) for name, value in whole.items())


def test_a_batch_that_cannot_be_shared_and_batch_norm_that_cannot_be_synchronised_are_refused(
    write_spec: Callable[..., Path], forked: Forked, tmp_path: Path
) -> None:
    refused = forked(write_spec(train={"batch_size": 9, "sync_batch_norm": True}), processes=2)
    assert refused.returncode != 0
    assert "train.batch_size: 2 processes cannot share 9 images equally" in refused.stderr
    assert "train.sync_batch_norm: torch synchronises batch norm on GPUs alone" in refused.stderr
    assert not (tmp_path / "runs").exists()


def test_one_device_for_all_processes_is_refused(write_spec: Callable[..., Path], forked: Forked) -> None:
    refused = forked(write_spec({"device": "cuda:0"}), processes=2)
    assert refused.returncode != 0
    wrong = "train.device: 2 processes would share 'cuda:0': \"cuda\" gives each process a device of its own"
    assert wrong in refused.stderr


def test_a_signal_stops_all_of_them_at_one_step_with_a_checkpoint(
    write_spec: Callable[..., Path], torchrun: Torchrun, tmp_path: Path
) -> None:
    spec = write_spec({"steps": 100_000, "checkpoint_every": 100_000, "log_every": 20})
    process = torchrun(spec)
    metrics = tmp_path / "runs" / "small" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while not (metrics.exists() and metrics.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert "a checkpoint is saved" in said
    assert len(list((tmp_path / "runs" / "small" / "checkpoints").iterdir())) == 1


ENDS = """
from gan_run import hookimpl


@hookimpl
def gan_run_step_logged(event):
    if event.step == 4:
        event.end_training()
"""


def test_a_callback_of_the_main_process_ends_the_run_of_all_also_with_a_loss_of_weight_0(
    write_spec: Callable[..., Path], together: Together, tmp_path: Path
) -> None:
    (tmp_path / "ends.py").write_text(ENDS, encoding="utf-8")
    losses = [{"type": "non-saturating"}, {"type": "mutual-information", "codes": {"category": 1.0}, "weight": 0}]
    spec = write_spec({"steps": 100_000, "checkpoint_every": 100_000}, losses=losses)
    assert "\ndone: runs/small\n" in together(spec, "--plugin", "ends.py")
    evaluation = json.loads((tmp_path / "runs/small/evaluation.json").read_text(encoding="utf-8"))
    assert (evaluation["step"], evaluation["ended_early"]) == (4, True)


def test_each_process_reads_a_stream_and_takes_its_rows_also_when_it_is_resumed(
    write_spec: Callable[..., Path], here: Here, together: Together, tmp_path: Path
) -> None:
    plugin = Path(in_order.__file__)
    pixels = torch.randint(0, 256, (in_order.COUNT, *in_order.IMAGE), dtype=torch.uint8)
    (tmp_path / "images").write_bytes(pixels.numpy().tobytes())
    spec = write_spec({"steps": 6}, losses=PENALISED, data={"type": "in-order", "file": "images"})
    together(spec, "--out", "two", "--plugin", plugin, "--set", "train.steps=3")
    together("train", "--resume", "two/small", "--plugin", plugin, "--set", "train.steps=6")
    done = here(spec, "--out", "one", "--plugin", plugin)
    assert done.exit_code == 0, done.output
    one, two = weights(tmp_path / "one" / "small"), weights(tmp_path / "two" / "small")
    for name, value in one.items():
        torch.testing.assert_close(two[name].double(), value.double(), rtol=0, atol=1e-5, msg=name)
