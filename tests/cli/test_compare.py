"""`gan-run compare` prints, in plain words, what a user has to know of several runs, and writes it for programs."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from PIL import Image

from gan_run.registry.plugins import Registry
from made_runs import made_run

Here = Callable[..., Result]
Make = Callable[..., str]


@pytest.fixture
def make(registry: Registry, small: Callable[..., dict[str, Any]], tmp_path: Path) -> Make:
    """make("a", loudness, …) writes the run a that found this loudness; None: it is unfinished."""

    def write(name: str, loudness: float | None, **fields: Any) -> str:
        metric = {"type": "loudness", "every": None, "found": "mean"}
        found = None if loudness is None else [{"metric": metric, "found": {"mean": loudness}}]
        lines = [{"step": step, "generator/non-saturating": 1.0 / step} for step in (1, 2, 3)]
        made_run(tmp_path / "runs" / name, registry, small(**fields), found, lines)
        return f"runs/{name}"

    return write


def words(text: str, start: str) -> list[str]:
    """The words of the line that begins so, without its beginning."""
    (found,) = [line for line in text.splitlines() if line.startswith(start)]
    return found.removeprefix(start).split()


def test_groups_are_columns_under_what_differs_and_the_best_is_marked(here: Here, make: Make) -> None:
    for seed, loudness in ((1, 0.25), (2, 0.75)):
        make(f"weak-seed-{seed}", loudness, seed=seed)
    make("strong", 0.125, train={"ema": 0.5}, description="more of it")
    done = here("compare", "runs")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == ["strong", "weak-seed-*"]
    assert words(done.stdout, "runs") == ["1", "2"]
    assert words(done.stdout, "train.ema") == ["0.5", "0.999"]
    assert words(done.stdout, "loudness mean") == ["0.1250", "0.5000", "±", "0.3536", "*"]
    assert "without effect on the weights: description" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_more_groups_than_fields_are_lines(here: Here, make: Make) -> None:
    for index in range(5):
        make(f"x-{index}", index / 8, train={"ema": index / 10})
    done = here("compare", "runs")
    assert done.stdout.splitlines()[0].split() == ["runs", "train.ema"]
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["x-4", "1", "0.4"] in lines
    assert lines[7] == ["loudness", "mean"]
    assert ["x-4", "0.5000", "*"] in lines
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_seeds_of_one_spec_are_shown_one_by_one(here: Here, make: Make) -> None:
    runs = [make(f"x-seed-{seed}", loudness, seed=seed) for seed, loudness in ((1, 0.25), (2, 0.75))]
    done = here("compare", *runs)
    assert words(done.stdout, "loudness mean") == ["0.5000", "0.3536", "0.7500", "x-seed-2", "0.2500", "0.7500"]


def test_a_component_is_shown_by_its_type(here: Here, make: Make) -> None:
    augment = {"trunk": {"type": "mlp"}, "head": {"type": "linear"}, "augment": [{"type": "diffaugment"}]}
    without = {key: value for key, value in augment.items() if key != "augment"}
    done = here("compare", make("a", 0.5, discriminator=augment), make("b", 0.5, discriminator=without))
    first, *_ = words(done.stdout, "discriminator.augment[0]")
    assert first.startswith("diffaugment(")


def test_what_has_no_numbers_yet_is_said(here: Here, make: Make) -> None:
    done = here("compare", make("a", None, seed=1), make("b", None, seed=2))
    assert done.exit_code == 0, done.stderr
    assert "no numbers to compare" in done.stdout
    assert "note: a is unfinished, after 3 of 6 steps" in done.stdout


def test_files_for_programs_and_a_picture(here: Here, make: Make, tmp_path: Path) -> None:
    runs = [make(f"x-{seed}", seed / 4, seed=seed) for seed in (1, 2)]
    done = here("compare", *runs, "--json", "--csv", "out/table.csv", "--curves", "out/curves.png")
    assert done.exit_code == 0, done.stderr
    content = json.loads(done.stdout)
    assert content["metrics"][0]["values"] == {"x-1": 0.25, "x-2": 0.5}
    with (tmp_path / "out/table.csv").open(newline="") as file:
        (line,) = csv.DictReader(file)
    assert float(line["loudness mean mean"]) == 0.375
    with Image.open(tmp_path / "out/curves.png") as picture:
        assert picture.size[0] > 400
        assert len(picture.getcolors(1 << 24)) > 10


def test_mistakes_are_answered(here: Here, make: Make, tmp_path: Path) -> None:
    run = make("a", 0.5)
    for arguments, answer in (
        ([run, "--number", "x"], "--number chooses what --curves FILE.png draws"),
        ([run, "--curves", "c.png", "--number", "generator/x"], "did you mean 'generator/non-saturating'"),
        ([str(tmp_path)], "is no run folder"),
        (["absent"], "does not exist"),
    ):
        done = here("compare", *arguments)
        assert done.exit_code == 2
        assert answer in done.stderr
