"""benchmarks/gpu.py without a GPU: its dry run takes the whole path, and what cannot be run is on the page too."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gan_run.benchmarks.gpu_cases import NETWORKS, VARIANTS, Case, Result, cases, spec_of, tiny
from gan_run.benchmarks.gpu_page import Beside, Found, page
from gan_run.benchmarks.gpu_process import time_cases
from gan_run.core.run.dry_run import dry_run

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "gpu.py"
OPTIONS = ("--device", "cpu", "--most", "1", "--tiny")


def timed(case: Case, pace: float) -> Result:
    return Result(case, "timed", "", 10, pace / 128, pace, 0.25, 2**20)


def found(**paces: float) -> Found:
    """Every network at these images per second, by variant; `_` stands for what Python allows in no name."""
    results = {}
    for case in cases(NETWORKS):
        pace = paces.get(re.sub(r"\W+", "_", case.variant))
        results[case] = Result(case, "not run", "no time was left") if pace is None else timed(case, pace)
    return Found({"device": "none"}, NETWORKS, results=results)


def test_a_dry_run_takes_the_whole_path(tmp_path: Path) -> None:
    out = tmp_path / "page.md"
    command = [sys.executable, str(SCRIPT), "--dry-run", "--seconds", "500", "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=500)
    written = out.read_text(encoding="utf-8")
    assert written.strip() == done.stdout.strip()
    assert '{"timed": 1, "failed": 0, "not run": 0}' in done.stderr
    assert "A dry run" in written
    ran = re.search(r"`pytest -m gpu tests/gpu`: (\d+) passed, 0 failed, (\d+) skipped", written)
    assert ran is not None
    assert int(ran[1]) + int(ran[2]) >= 20  # each of them is skipped where there is no GPU
    for name in NETWORKS:
        assert f"`{name}`" in written
    assert re.search(r"^\| bf16, compiled \|.* \d+ ", written, re.MULTILINE)
    assert re.search(r"^\| `bare` \| tf32 \| \d+ \| \d+ \|", written, re.MULTILINE)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_variant_of_a_network_is_a_spec_that_takes_a_step(name: str, tmp_path: Path) -> None:
    network = tiny()[name]
    specs = [spec_of(network, options, "cpu", tmp_path) for options in VARIANTS.values()]
    assert len({json.dumps(spec.train.model_dump(mode="json")) for spec in specs}) == len(VARIANTS)
    assert dry_run(specs[0]).flops > 0


def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, str(SCRIPT), "--out", str(tmp_path / "page.md")]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "no CUDA device" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_case_that_takes_too_long_is_stopped_and_what_is_left_is_not_run(tmp_path: Path) -> None:
    two = [Case("infogan-mnist", "fp32"), Case("infogan-32", "fp32")]
    end = time.monotonic() + 0.5
    results = list(time_cases(two, 0.2, end, [*OPTIONS, "--folder", str(tmp_path)]))
    assert [(each.case, each.status) for each in results] == [(case, "not run") for case in two]
    assert results[0].reason.startswith("stopped after 0 s")


def test_a_case_that_fails_is_on_the_page_with_its_reason(tmp_path: Path) -> None:
    case = Case("infogan-mnist", "fp32")
    options = ["--device", "meta", "--most", "1", "--tiny", "--folder", str(tmp_path)]
    (result,) = time_cases([case], 60, time.monotonic() + 60, options)
    assert result.status == "failed"
    report = found()
    report.results[case] = result
    assert f"- infogan-mnist, fp32: failed: {result.reason}" in page(report)


def test_the_page_recommends_what_is_faster_everywhere() -> None:
    report = found(fp32=100, tf32=200, bf16=203, tf32_channels_last=208)
    slow = Case("r3gan at 64", "tf32, channels last")
    written = page(report)
    assert "| `train.precision=tf32` | fp32 | 2.00 | 2.00 | 5 of 5 | **recommended** |" in written
    assert "| `train.precision=bf16` | tf32 | 1.01 | 1.01 | 5 of 5 | not recommended |" in written
    assert "| `train.channels_last=true` | tf32 | 1.04 | 1.04 | 5 of 5 | **recommended** |" in written
    assert "| `train.compile=true` | tf32 |  | | 0 | not measured |" in written
    report.results[slow] = timed(slow, 190)
    assert "| 0.95 | 5 of 5 | not recommended |" in page(report)


def test_the_page_gives_the_time_of_the_papers_steps_and_what_was_not_measured() -> None:
    report = found(fp32=6400.0)
    report.beside = [Beside("plain", "tf32", 300.0, 100.0)]
    written = page(report)
    assert "| fp32 | 100 |" in written  # 5,000 batches of 128
    assert "| `plain` | tf32 | 300 | 100 | 3.00 |" in written
    assert "- r3gan at 128, bf16, compiled: not run: no time was left" in written


@pytest.mark.parametrize("result", [timed(Case("a", "b"), 12.5), Result(Case("a", "b"), "failed", "why")])
def test_a_result_comes_back_from_json(result: Result) -> None:
    assert Result.from_json(result.to_json()) == result
