import json
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
from click.testing import Result

from forked import Forked
from gan_run import RunError
from gan_run.core.run.run_folder import RunFolder

Here = Callable[..., Result]
Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., AbstractContextManager[Forked]]
Write = Callable[..., Path]


@pytest.fixture
def spec(write_spec: Write) -> Path:
    return write_spec(metrics=[{"type": "loudness"}, {"type": "information", "samples": 40}])


def evaluation(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "evaluation.json").read_text())
    return found


def line(text: str, start: str) -> list[str]:
    """The words after `start` in the last line that begins so: each run has such a line, and then the summary."""
    found = [line for line in text.splitlines() if line.startswith(start)][-1]
    return found.removeprefix(start).split()


def test_each_seed_has_its_own_run_and_the_numbers_are_compared(spec: Path, here: Here, tmp_path: Path) -> None:
    done = here(spec, "--seeds", "3", "--jobs", "1", COLUMNS="40")  # a narrow window cuts no name short
    assert done.exit_code == 0, done.stderr
    runs = {seed: tmp_path / "runs" / f"small-seed-{seed}" for seed in (3, 4, 5)}
    assert set((tmp_path / "runs").iterdir()) == set(runs.values())
    for seed, run in runs.items():
        assert json.loads((run / "spec.json").read_text())["seed"] == seed
    loud = {seed: evaluation(run)["metrics"][0]["found"]["mean"] for seed, run in runs.items()}
    assert len(set(loud.values())) == 3
    best = max(loud, key=lambda seed: loud[seed])
    expected = [fmean(loud.values()), stdev(loud.values()), loud[best], best, *loud.values()]
    assert [float(word) for word in line(done.stdout, "loudness mean")] == pytest.approx(expected, abs=1e-4)
    bounds = [evaluation(run)["metrics"][1]["found"]["codes"]["c"]["bound"] for run in runs.values()]
    found = [float(word) for word in line(done.stdout, "information codes.c.bound (nats)")]
    assert found[0] == pytest.approx(fmean(bounds), abs=1e-3)


def test_seeds_that_are_finished_are_not_trained_again(spec: Path, here: Here, tmp_path: Path) -> None:
    assert here(spec, "--seeds", "1", "--jobs", "1").exit_code == 0
    first = tmp_path / "runs" / "small-seed-3"
    before = {path: path.stat().st_mtime_ns for path in first.rglob("*") if path.is_file() and path.name != ".lock"}
    done = here(spec, "--seeds", "2", "--jobs", "1")
    assert done.exit_code == 0, done.stderr
    assert "small-seed-3 is finished: nothing to do" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert (tmp_path / "runs" / "small-seed-4" / "evaluation.json").exists()


def test_the_run_of_a_seed_is_that_of_a_spec_with_this_seed(spec: Path, here: Here, tmp_path: Path) -> None:
    assert here(spec, "--seeds", "1", "--jobs", "1").exit_code == 0
    assert here(spec, "--set", "name=alone").exit_code == 0
    assert (
        evaluation(tmp_path / "runs" / "small-seed-3")["metrics"] == evaluation(tmp_path / "runs" / "alone")["metrics"]
    )


def test_several_at_a_time_are_the_runs_of_one_after_the_other(
    spec: Path, here: Here, forked: Run, tmp_path: Path
) -> None:
    one = here(spec, "--seeds", "3", "--jobs", "1", "--out", "by 1")
    other = forked(spec, "--seeds", "3", "--jobs", "2", "--out", "by 2")
    assert (one.exit_code, other.returncode) == (0, 0), other.stderr
    assert line(one.stdout, "loudness mean") == line(other.stdout, "loudness mean")
    assert {text.split()[1] for text in other.stdout.splitlines() if text.startswith("seed ")} == {"3:", "4:", "5:"}
    for seed in (3, 4, 5):
        found = [evaluation(tmp_path / out / f"small-seed-{seed}") for out in ("by 1", "by 2")]
        assert found[0] == found[1]


def test_those_of_several_that_fail_are_named_after_what_they_said(write_spec: Write, forked: Run) -> None:
    losses = [{"type": "non-saturating"}, {"type": "turns-nan", "calls": 2}]
    done = forked(write_spec(losses=losses), "--seeds", "2", "--jobs", "2")
    assert done.returncode == 2
    assert "seed 4: error: step" in done.stdout
    assert all(f"seed {seed} failed: step" in done.stderr for seed in (3, 4))


def test_a_single_seed_has_no_deviation(spec: Path, here: Here) -> None:
    assert line(here(spec, "--seeds", "1", "--jobs", "1").stdout, "loudness mean")[1] == "-"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_stopped_in_the_middle_the_same_command_goes_on(
    jobs: str, write_spec: Write, start: Start, tmp_path: Path
) -> None:
    spec = write_spec(train={"steps": 4000, "checkpoint_every": 4000, "log_every": 1}, metrics=[{"type": "loudness"}])
    at_once = ["small-seed-3", "small-seed-4"][: int(jobs)]
    metrics = [tmp_path / "runs" / name / "metrics.jsonl" for name in at_once]
    with start(spec, "--seeds", "2", "--jobs", jobs) as process:
        wait_until(lambda: all(path.exists() and path.read_text() for path in metrics))
        process.send_signal(signal.SIGINT)
        done = process.wait()
    assert done.returncode == 128 + signal.SIGINT
    assert "To go on:\n  the same command" in done.stdout
    assert sorted(run.name for run in (tmp_path / "runs").iterdir()) == at_once
    assert (tmp_path / "runs" / "small-seed-3" / "checkpoints").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--seeds", "0"), "0 is not in the range"),
        (("--seeds", "1000000000"), "is not in the range"),
        (("--seeds", "x"), "x"),
    ],
)
def test_a_number_of_seeds_that_is_none_is_refused(
    spec: Path, here: Here, arguments: tuple[str, ...], message: str
) -> None:
    done = here(spec, *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_seeds_and_resume_do_not_go_together(spec: Path, here: Here, tmp_path: Path) -> None:
    assert here(spec, "--seeds", "1", "--jobs", "1").exit_code == 0
    done = here("train", "--resume", tmp_path / "runs" / "small-seed-3", "--seeds", "2")
    assert done.exit_code == 2
    assert "give the SPEC again" in done.stderr


CHATTY = """
from gan_run import hookimpl

@hookimpl
def gan_run_run_ended(event):
    print("done: elsewhere/lost")
"""


def test_the_folders_are_found_whatever_their_number_is_and_a_plugin_prints(
    spec: Path, here: Here, forked: Run, tmp_path: Path
) -> None:
    assert here(spec, "--seeds", "2", "--jobs", "1", "--set", "train.ema=0.5").exit_code == 0
    chatty = tmp_path / "chatty.py"
    chatty.write_text(CHATTY)
    done = forked(spec, "--seeds", "2", "--jobs", "2", "--plugin", chatty)
    assert done.returncode == 0, done.stderr
    assert "seed 3: done: elsewhere/lost" in done.stdout
    assert "done: runs/small-seed-3-2\ndone: runs/small-seed-4-2\n" in done.stdout
    assert line(done.stdout, "loudness mean")


def test_when_the_parent_is_killed_its_processes_save_a_checkpoint_and_end(
    write_spec: Write, start: Start, tmp_path: Path
) -> None:
    spec = write_spec(train={"steps": 10**7, "checkpoint_every": 10**7, "log_every": 20})
    runs = [RunFolder(tmp_path / "runs" / f"small-seed-{seed}") for seed in (3, 4)]
    with start(spec, "--seeds", "2", "--jobs", "2") as parent:
        wait_until(lambda: all(run.metrics_file.exists() and run.metrics_file.stat().st_size for run in runs))
        parent.send_signal(signal.SIGKILL)
        assert parent.wait().returncode == -signal.SIGKILL
    for run in runs:
        wait_until(lambda run=run: run.latest() is not None and is_free(run))
        latest = run.latest()
        assert latest is not None
        assert latest.step >= 20
        assert run.evaluated_at() is None


def is_free(run: RunFolder) -> bool:
    """Whether no process trains in this folder any more."""
    try:
        with run.locked():
            return True
    except RunError:
        return False


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not happened():
        assert time.monotonic() < deadline, "nothing happened within 90 seconds"
        time.sleep(0.05)
