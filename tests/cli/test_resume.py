"""An interrupted and resumed run ends with the same bytes as an uninterrupted one. Real processes, real signals."""

import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from forked import Forked

Environment = Callable[..., dict[str, str]]
Start = Callable[..., AbstractContextManager[Forked]]
GanRun = Callable[..., subprocess.CompletedProcess[str]]

SPEC: dict[str, Any] = {
    "format": 1,
    "seed": 11,
    "data": {"type": "toys", "side": 28, "images": 37},
    "latents": {
        "z": {"type": "gaussian", "count": 6},
        "category": {"type": "categorical", "classes": 4},
        "c": {"type": "uniform", "count": 2, "learn_std": True},
    },
    "generator": {"type": "infogan-mnist", "width": 0.05},
    "discriminator": {"trunk": {"type": "infogan-mnist", "width": 0.05}, "head": {"type": "linear"}},
    "losses": [
        {"type": "non-saturating"},
        {"type": "mutual-information", "codes": {"category": 1.0, "c": 0.5}},
        {"type": "turns-nan", "calls": 1000000, "every": 2},
    ],
    "optimizers": {
        "generator": {"type": "adam", "lr": {"type": "cosine", "start": 2e-3, "end": 1e-5}},
        "discriminator": {"type": "adamw", "lr": 5e-4, "weight_decay": 0.1},
    },
    "train": {
        "steps": 60,
        "batch_size": 8,
        "checkpoint_every": 7,
        "log_every": 2,
        "keep": 3,
        "device": "cpu",
        "ema": 0.9,
        "clip": 5.0,
        "updates": {"discriminator": 2},
    },
    "metrics": [{"type": "loudness", "every": 25}],
    "artifacts": [{"type": "samples", "rows": 2, "every": 20}],
}

KILLER = """
import os, signal
from pathlib import Path
from gan_run import hookimpl
from gan_run.core.run import checkpoint

def pass_by(moment):
    seen = Path("killed.txt")
    before = seen.read_text().split() if seen.exists() else []
    if moment in os.environ["KILL_AT"].split() and moment not in before:
        seen.write_text(" ".join([*before, moment]))
        os.kill(os.getpid(), signal.SIGKILL)

@hookimpl
def gan_run_step_logged(event):
    pass_by(f"logged:{event.step}")

@hookimpl
def gan_run_checkpoint_saved(event):
    pass_by(f"saved:{event.step}")

sync = checkpoint.sync

def sync_and_pass_by(path):
    sync(path)
    pass_by(f"{path.parent.name}/{path.name}")

checkpoint.sync = sync_and_pass_by
"""


def write_spec(folder: Path, precision: str) -> Path:
    path = folder / "spec.json"
    spec = {**SPEC, "name": "exact", "train": {**SPEC["train"], "precision": precision}}
    path.write_text(json.dumps(spec), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def uninterrupted() -> dict[str, Path]:
    """The run folder of an uninterrupted run by its precision, once there is one."""
    return {}


@pytest.fixture
def reference(
    uninterrupted: dict[str, Path], forked: GanRun, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    def run(precision: str) -> Path:
        if precision not in uninterrupted:
            folder = tmp_path_factory.mktemp(precision)
            done = forked(write_spec(folder, precision), "--out", folder)
            assert done.returncode == 0, done.stderr
            uninterrupted[precision] = folder / "exact"
        return uninterrupted[precision]

    return run


def metrics(run: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in ("time", "crc32")} for line in lines]


def assert_same_run(run: Path, expected: Path) -> None:
    def files(folder: Path) -> set[str]:
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}

    assert files(run) == files(expected)
    assert {"checkpoints/step-00000060/model.safetensors", "samples/step-00000060.png"} <= files(run)
    assert {f"step-000000{step}" for step in ("49", "56", "60")} <= {path.name for path in run.glob("checkpoints/*")}
    for name in sorted(files(run) - {"metrics.jsonl", "environment.json", "report.html"}):  # these have times
        assert (run / name).read_bytes() == (expected / name).read_bytes(), name
    assert metrics(run) == metrics(expected)
    assert [line["step"] for line in metrics(run) if "metrics" not in line] == list(range(2, 61, 2))


@pytest.mark.parametrize(
    ("precision", "moments"),
    [
        # Before the first checkpoint; in the middle of writing one; right after one.
        ("fp32", ["logged:4", ".step-00000014.tmp/optimizer.safetensors", "saved:35"]),
        # Between two; when a checkpoint is whole but not in its place; before the evaluation.
        ("bf16", ["logged:18", ".step-00000028.tmp/manifest.json", "saved:60"]),
    ],
)
def test_a_run_killed_at_chosen_moments_ends_with_the_same_bytes(
    forked: GanRun,
    reference: Callable[[str], Path],
    install_plugin: Callable[..., Path],
    tmp_path: Path,
    precision: str,
    moments: list[str],
) -> None:
    site = install_plugin(tmp_path / "site", "killer", "1.0", KILLER)
    path, run = write_spec(tmp_path, precision), tmp_path / "runs/exact"
    for number, moment in enumerate(moments):
        again = ("train", "--resume", run) if number == 2 else (path,)
        killed = forked(*again, sites=(site,), KILL_AT=" ".join(moments))
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert (tmp_path / "killed.txt").read_text().split() == moments[: number + 1], moment
    done = forked(path, sites=(site,), KILL_AT=" ".join(moments))
    assert done.returncode == 0, done.stderr
    assert_same_run(run, reference(precision))


def test_the_two_precisions_do_not_end_alike(reference: Callable[[str], Path]) -> None:
    ends = {
        (reference(precision) / "checkpoints/step-00000060/model.safetensors").read_bytes()
        for precision in ("fp32", "bf16")
    }
    assert len(ends) == 2


@pytest.mark.parametrize(("precision", "seed"), [("bf16", 8)])
def test_a_run_killed_at_random_moments_ends_with_the_same_bytes(
    forked: GanRun,
    start: Start,
    reference: Callable[[str], Path],
    tmp_path: Path,
    precision: str,
    seed: int,
) -> None:
    chance = random.Random(seed)
    path, run = write_spec(tmp_path, precision), tmp_path / "runs/exact"
    lines = run / "metrics.jsonl"
    kills = 0
    for attempt in range(4):
        size = lines.stat().st_size if lines.exists() else 0
        with start(path) as process:
            if attempt:
                wait_until(lambda before=size: not process.is_alive() or grown(lines, before))
                time.sleep(chance.uniform(0, 0.3))
            else:
                time.sleep(chance.uniform(0, 2))  # perhaps before there is a folder
            process.send_signal(signal.SIGKILL)
            kills += process.wait().returncode == -signal.SIGKILL
    assert kills >= 2
    done = forked(path)
    assert done.returncode == 0, done.stderr
    assert_same_run(run, reference(precision))


def test_a_signal_saves_a_checkpoint_and_shows_the_command_that_goes_on(
    start: Start, environment: Environment, write_spec: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_spec(train={"steps": 1000000, "checkpoint_every": 1000000})
    run = tmp_path / "my runs/small"
    with start(path, "--out", "my runs") as process:
        wait_until(lambda: not process.is_alive() or grown(run / "metrics.jsonl", 0))
        process.send_signal(signal.SIGTERM)
        done = process.wait()
    assert done.returncode == 128 + signal.SIGTERM, done.stderr
    output = done.stdout
    (saved,) = [folder.name for folder in (run / "checkpoints").iterdir()]
    step = int(saved.removeprefix("step-"))
    assert metrics(run)[-1]["step"] == step
    said, command = output.splitlines()[-2:]
    assert said == f"stopped after step {step}; a checkpoint is saved. To go on:"
    assert not (run / "evaluation.json").exists()

    # The command that was printed, but for where it ends.
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    resumed = subprocess.run(
        [*shlex.split(command), "--set", f"train.steps={step + 1}"],
        cwd=tmp_path,
        env=environment(PATH=scripts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert resumed.returncode == 0, resumed.stderr
    assert f"resuming my runs/small after step {step}\n" in resumed.stdout
    assert "\ndone: my runs/small\n" in resumed.stdout


def grown(file: Path, size: int) -> bool:
    return file.exists() and file.stat().st_size > size


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "nothing happened within a minute"
        time.sleep(0.01)
