"""`gan-run sweep` in real processes: failures, Ctrl-C, kill -9, and the same command again."""

import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from click.testing import Result

from forked import Forked
from gan_run import RunError
from gan_run.core.run.run_folder import RunFolder

Here = Callable[..., Result]
GanRun = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., AbstractContextManager[Forked]]
Write = Callable[..., Path]
LONG = {"steps": 600, "checkpoint_every": 600, "log_every": 1}
METRICS = [{"type": "loudness"}]


def sweep_folder(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "small-sweep"


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < deadline, "nothing happened within 120 seconds"
        time.sleep(0.05)


def is_free(run: RunFolder) -> bool:
    try:
        with run.locked():
            return True
    except RunError:
        return False


def test_points_in_processes_one_of_which_fails(write_spec: Write, forked: GanRun, tmp_path: Path) -> None:
    spec = write_spec(
        train={"steps": 2},
        metrics=METRICS,
        latents={"z": {"type": "gaussian", "count": 4}},
        losses=[{"type": "non-saturating"}, {"type": "turns-nan", "calls": 0}],
    )
    done = forked("sweep", spec, "--over", "losses[1].calls=0,98,99", "--jobs", "2")
    assert done.returncode == 2
    assert "1 failed; the same command tries again\ncalls-0 failed: step" in done.stderr
    assert "calls-0: error: step" in done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["losses[1].calls", "98", "99"] in lines
    assert [path.name for path in sorted(sweep_folder(tmp_path).glob("*/evaluation.json"))] == ["evaluation.json"] * 2


def test_interrupted_the_same_command_goes_on(write_spec: Write, start: Start, here: Here, tmp_path: Path) -> None:
    spec = write_spec(train=LONG, metrics=METRICS)
    arguments = ["sweep", str(spec), "--over", "losses[1].weight=0.1,1"]
    runs = [RunFolder(sweep_folder(tmp_path) / f"weight-{weight}") for weight in ("0.1", "1")]
    with start(*arguments, "--jobs", "2") as process:
        wait_until(lambda: all(run.metrics_file.exists() and run.metrics_file.stat().st_size for run in runs))
        process.send_signal(signal.SIGINT)
        done = process.wait()
    assert done.returncode == 128 + signal.SIGINT
    assert "To go on:\n  the same command" in done.stdout
    for run in runs:
        wait_until(lambda run=run: run.latest() is not None and is_free(run))  # type: ignore[misc]  # a loop's variable
        assert run.evaluated_at() is None
    again = here(*arguments, "--jobs", "1")  # in this process: others take seconds to start
    assert again.exit_code == 0, again.stderr
    assert again.stdout.count("resuming") == 2
    assert [run.evaluated_at() for run in runs] == [600, 600]
    assert "loudness mean" in again.stdout
    assert "runs: runs/small-sweep" in again.stdout


def test_a_search_from_the_command_line(here: Here, write_spec: Write) -> None:
    spec = write_spec(train={"steps": 1}, metrics=METRICS)
    arguments = ["sweep", spec, "--over", "losses[1].weight=0.1..1", "--trials", "2", "--maximise", "loudness:mean"]
    done = here(*arguments, "--jobs", "1")
    assert done.exit_code == 0, done.stderr
    assert "best trial: runs/small-sweep/trial-00" in done.stdout
    assert here("compare", "runs/small-sweep").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["--over", "seed"], "--over seed: it is written as PLACE=VALUES"),
        (["--over", "seed=1", "--over", "seed=2"], "--over seed is given twice"),
        (["--over", "seed=1,,2"], "a value is missing: values are written as"),
        (["--over", "losses[1].wieght=1,2"], "did you mean 'weight'"),
        (["--over", "seed=3:1"], "there is no integer from the first number to the last"),
        (
            ["--over", "losses[1].weight=1,2", "--set", "losses.1.weight=3"],
            "--set losses.1.weight=3: the field is varied too",
        ),
        (["--over", "seed=0:2", "--trials", "3"], "a search is --trials N with either --maximise or --minimise"),
        (["--over", "seed=0:2", "--maximise", "loudness:mean"], "a search is --trials N with either"),
        ([], "Missing option '--over'"),
    ],
)
def test_mistakes_are_answered(here: Here, write_spec: Write, arguments: list[str], answer: str) -> None:
    done = here("sweep", write_spec(metrics=METRICS), *arguments)
    assert done.exit_code == 2
    assert answer in done.stderr
