"""Signals while a command measures, draws or reads; and output that nobody reads any more."""

import json
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

Start = Callable[..., AbstractContextManager[Forked]]
GanRun = Callable[..., subprocess.CompletedProcess[str]]

SLOW = """
import time
from pathlib import Path
from typing import Literal
from gan_run import Artifact, Callback, DataInfo, DataSource, DeclaredCallback, ImageShape, ImageSet, Metric, hookimpl
import torch

def linger(what):
    if Path("mended").exists():
        return
    Path(what).touch()
    for _ in range(600):
        time.sleep(0.1)

class Measures(Metric):
    type: Literal["slow"] = "slow"
    def measure(self, model, data):
        linger("busy")
        return {"mean": 1.0}

class Draws(Artifact):
    type: Literal["slow"] = "slow"
    @property
    def folder(self): return "slow"
    def render(self, model, data, stem):
        linger("busy")
        stem.with_suffix(".txt").write_text("drawn")
        return [stem.with_suffix(".txt")]

class Reads(DataSource):
    type: Literal["slow"] = "slow"
    def describe(self): return DataInfo(ImageShape(1, 8, 8), {"train": 48, "test": 16}, {})
    def load(self, split):
        linger("busy")
        return ImageSet(torch.zeros(48 if split == "train" else 16, 1, 8, 8, dtype=torch.uint8))

class Exits(Callback):
    def step_logged(self, event):
        if event.step == 3 and not Path("mended").exists():
            raise SystemExit(7)

class Exit(DeclaredCallback):
    type: Literal["exit"] = "exit"
    def build(self): return Exits()

@hookimpl
def gan_run_components():
    return [Measures, Draws, Reads, Exit]
"""


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    return tmp_path / "slow.py"


def wait_for(file: Path) -> None:
    for _ in range(600):
        if file.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"there is no {file}")


MOMENTS: dict[str, dict[str, Any]] = {
    "measuring at the end": {"metrics": [{"type": "slow"}]},
    "measuring on the way": {"metrics": [{"type": "slow", "every": 3}]},
    "drawing on the way": {"artifacts": [{"type": "slow", "every": 3}]},
    "reading": {"data": {"type": "slow"}},
}


CASES = [*((moment, signal.SIGINT) for moment in MOMENTS)]
CASES += [("measuring on the way", number) for number in (signal.SIGTERM, signal.SIGHUP)]


@pytest.mark.parametrize(("moment", "number"), CASES)
def test_a_signal_is_answered_at_once_and_nothing_is_lost(
    start: Start,
    forked: GanRun,
    slow: Path,
    write_spec: Callable[..., Path],
    tmp_path: Path,
    moment: str,
    number: signal.Signals,
) -> None:
    spec = write_spec(train={"steps": 4, "checkpoint_every": 100}, **MOMENTS[moment])
    with start(spec, "--plugin", slow.name) as process:
        wait_for(tmp_path / "busy")
        begin = time.monotonic()
        process.send_signal(number)
        done = process.wait()
    assert time.monotonic() - begin < 20  # it would linger for a minute
    assert done.returncode == 128 + number, done.stderr
    assert "Traceback" not in done.stderr
    if moment == "reading":
        assert "no step was taken, and the same command begins again" in done.stdout
    else:
        assert "a checkpoint is saved. To go on:\n  gan-run train --resume runs/small --plugin slow.py" in done.stdout
    (tmp_path / "mended").touch()
    again = forked(spec, "--plugin", slow.name)
    assert again.returncode == 0, again.stderr
    whole = forked(spec, "--plugin", slow.name, "--out", "whole")
    assert whole.returncode == 0, whole.stderr
    for file in ("checkpoints/step-00000004/model.safetensors", "evaluation.json"):
        assert (tmp_path / "runs/small" / file).read_bytes() == (tmp_path / "whole/small" / file).read_bytes()
    lines, expected = (
        [
            {**json.loads(line), "time": None, "crc32": None}
            for line in (tmp_path / out / "small/metrics.jsonl").read_text().splitlines()
        ]
        for out in ("runs", "whole")
    )
    assert lines == expected
    drawn, all_drawn = ({path.name for path in (tmp_path / out / "small").glob("slow/*")} for out in ("runs", "whole"))
    assert drawn == all_drawn


def test_a_callback_that_exits_leaves_a_checkpoint(
    forked: GanRun, slow: Path, write_spec: Callable[..., Path], tmp_path: Path
) -> None:
    spec = write_spec(train={"steps": 5, "checkpoint_every": 100}, callbacks=[{"type": "exit"}])
    done = forked(spec, "--plugin", slow.name)
    assert done.returncode == 7, done.stderr
    assert "warning: the callback Exits ends the program in step_logged: SystemExit: 7" in done.stderr
    assert (tmp_path / "runs/small/checkpoints/step-00000003").is_dir()
    (tmp_path / "mended").touch()
    again = forked(spec, "--plugin", slow.name)
    assert again.returncode == 0, again.stderr
    assert "resuming runs/small after step 3" in again.stdout


def test_a_program_under_nohup_is_not_hung_up(
    write_spec: Callable[..., Path], environment: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """In an interpreter of its own, which begins with SIGHUP ignored; its output is closed after a line."""
    spec = write_spec(train={"steps": 30})
    code = (
        "import signal, os, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, sys.executable, "-m", "gan_run", str(spec)]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("training runs/small")
        process.stdout.close()  # as `| head -1` does
        process.send_signal(signal.SIGHUP)
        said = process.stderr.read()
        assert process.wait(100) == 0, said
    assert said == ""
    assert json.loads((tmp_path / "runs/small/evaluation.json").read_text())["step"] == 30
