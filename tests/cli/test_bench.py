"""`gan-run bench`: what it says adds up. How fast anything is, is no matter for a test."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gan_run.bench import peak
from gan_run.cli import main

SPEC = {
    "name": "small",
    "data": {"type": "toys"},
    "latents": {"z": {"type": "gaussian", "count": 4}},
    "generator": {"type": "mlp", "hidden": [12]},
    "discriminator": {"trunk": {"type": "mlp", "hidden": [10]}, "head": {"type": "linear"}},
    "losses": [{"type": "non-saturating"}],
    "optimizers": {"generator": {"type": "adam", "lr": 1e-2}, "discriminator": {"type": "adam", "lr": 1e-2}},
    "train": {"steps": 4, "batch_size": 8, "device": "cpu", "log_every": 2},
    "metrics": [{"type": "loudness"}],
}


@pytest.fixture(autouse=True)
def small_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peak is that of small matrices, since no test is about its value."""
    monkeypatch.setitem(peak.SIZES, "cpu", 256)


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(SPEC), encoding="utf-8")
    return path


def bench(*arguments: str | Path) -> Any:
    done = CliRunner().invoke(main, ["bench", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_what_it_says_adds_up_and_nothing_is_left_behind(registry: object, spec: Path) -> None:
    found = bench(spec, "--steps", "6", "--json")
    assert found["precision"] == "fp32"
    assert found["steps"] == 6
    assert found["images_per_second"] == pytest.approx(8 * found["steps_per_second"])
    assert found["achieved_flops"] == pytest.approx(found["flops_per_image"] * found["images_per_second"])
    assert found["share_of_peak"] == pytest.approx(found["achieved_flops"] / found["peak_flops"])
    assert set(found["shares"]) == {"data", "discriminator", "generator", "averaging", "logging", "other"}
    assert all(share > 0 for share in found["shares"].values())
    assert sum(found["shares"].values()) == pytest.approx(1)
    assert found["peak_memory"] > 2**20
    assert found["environment"]["torch"]
    assert sorted(path.name for path in spec.parent.iterdir()) == ["spec.json"]


def test_flops_are_those_of_a_step_counted_by_hand(registry: object, spec: Path) -> None:
    """Toys have 8x8 grey pixels. D sees two batches forward and back, and no gradient at their pixels is needed; G's
    update goes through D to the pixels, and no gradient of D's weights is needed."""
    image = 8 * 8
    d_first, d_last, g_first, g_last = image * 10, 10, 4 * 12, 12 * image
    forward_d, forward_g = d_first + d_last, g_first + g_last
    d_update = forward_g + 2 * (forward_d + d_first + 2 * d_last)
    g_update = forward_g + forward_d + d_last + d_first + g_first + 2 * g_last
    assert bench(spec, "--steps", "1", "--json")["flops_per_image"] == 2 * (d_update + g_update)


def test_the_pace_alone(registry: object, spec: Path) -> None:
    assert set(bench(spec, "--steps", "1", "--only-pace", "--json")) == {
        "spec",
        "precision",
        "steps",
        "steps_per_second",
        "images_per_second",
        "environment",
    }


def test_in_words(registry: object, spec: Path) -> None:
    said = CliRunner().invoke(main, ["bench", str(spec), "--steps", "2"]).stdout
    assert said.startswith("small on cpu, ")
    for row in ("steps/s", "images/s", "FLOPs", "of the peak", "time in", "peak memory"):
        assert f"\n  {row}" in said


def test_another_game_than_the_one_written_by_hand_is_refused(registry: object, spec: Path) -> None:
    done = CliRunner().invoke(main, ["bench", str(spec), "--against", "plain"])
    assert done.exit_code == 2
    assert "generator: it differs from infogan-mnist" in done.stderr


def test_beside_the_loop_written_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = json.loads(CliRunner().invoke(main, ["init", "infogan-mnist"]).stdout)
    recipe["data"] = {"type": "mnist-5k"}
    recipe["train"]["batch_size"] = 4
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(recipe), encoding="utf-8")
    options = ["--set", "train.precision=fp32", "--steps", "1", "--only-pace"]
    found = bench(path, *options, "--against", "bare", "--rounds", "1", "--json")["comparison"]
    assert found["against"] == "bare"
    assert found["ratio"] == found["ours"][0] / found["theirs"][0] > 0
