"""Learning curves: a picture that is opened again, and which numbers are in it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_run import Comparison, GanRunError, NotFoundByName, RunError, compare
from gan_run.registry.plugins import Registry
from made_runs import entry

Make = Callable[..., Path]


def log(scale: float) -> list[dict[str, object]]:
    steps = [
        {
            "step": step,
            "generator/a": scale * step,
            "generator/a/part": 1.0,
            "generator/lr": 0.1,
            "losses[1].weight": 0.5,
        }
        for step in range(1, 6)
    ]
    return [*steps, {"step": 3, "metrics": [entry({"distance": scale}, every=3)]}]


@pytest.fixture
def found(make: Make, plugins: Registry) -> Comparison:
    runs = [make(f"x-{seed}", [entry({"distance": 1.0})], log(float(seed)), seed=seed) for seed in (1, 2)]
    return compare([*runs, make("y", None, log(3.0), train={"ema": 0.5})], registry=plugins)


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def count(picture: np.ndarray, red: int, green: int, blue: int) -> int:
    """Pixels of nearly this colour."""
    return int((np.abs(picture - [red, green, blue]).sum(-1) < 30).sum())


def test_every_group_has_a_colour_in_every_panel(found: Comparison, tmp_path: Path) -> None:
    found.draw_curves(tmp_path / "new" / "curves.png")
    picture = pixels(tmp_path / "new" / "curves.png")
    height, width, _ = picture.shape
    assert width > 2 * 400  # a loss and a metric; neither reports nor rates
    assert 300 < height < 500
    for half in (picture[:, : width // 2], picture[:, width // 2 :]):
        assert count(half, 31, 119, 180) > 100  # the first colour of matplotlib's tab10
    assert count(picture[: height - 60, : width // 2], 255, 127, 14) > 100


def test_chosen_numbers_are_drawn_one_panel_each(found: Comparison, tmp_path: Path) -> None:
    found.draw_curves(tmp_path / "one.png", ["losses[1].weight"])
    found.draw_curves(tmp_path / "four.png", ["generator/a", "generator/lr", "generator/a/part", "losses[1].weight"])
    one, four = pixels(tmp_path / "one.png"), pixels(tmp_path / "four.png")
    assert four.shape[1] == pytest.approx(3 * one.shape[1], abs=3)
    assert four.shape[0] > 1.7 * one.shape[0]


def test_the_mean_is_over_the_steps_that_all_seeds_have(make: Make, plugins: Registry, tmp_path: Path) -> None:
    lines = [{"step": step, "generator/a": 1.0} for step in (1, 2, 3, 4, 5)]
    whole, short = make("x-1", None, lines, seed=1), make("x-2", None, lines[:2], seed=2)
    compare([whole], registry=plugins).draw_curves(tmp_path / "whole.png")
    compare([whole, short], registry=plugins).draw_curves(tmp_path / "mean.png")
    thick = [count(pixels(tmp_path / name), 31, 119, 180) for name in ("whole.png", "mean.png")]
    assert thick[1] < thick[0] / 2


def test_many_groups_have_a_line_each_in_the_legend(make: Make, plugins: Registry, tmp_path: Path) -> None:
    lines = [{"step": step, "generator/a": float(step)} for step in (1, 2)]
    runs = [make(f"x-{index}", None, lines, train={"ema": index / 20}) for index in range(12)]
    compare(runs[:1], registry=plugins).draw_curves(tmp_path / "one.png")
    compare(runs, registry=plugins).draw_curves(tmp_path / "many.png")
    one, many = pixels(tmp_path / "one.png"), pixels(tmp_path / "many.png")
    assert many.shape[0] > one.shape[0] + 11 * 20


def test_a_number_that_was_not_logged_is_answered_with_the_nearest(found: Comparison, tmp_path: Path) -> None:
    with pytest.raises(NotFoundByName, match="no number 'generatr/a'; did you mean 'generator/a'"):
        found.draw_curves(tmp_path / "x.png", ["generatr/a"])


def test_a_picture_of_an_unknown_format_is_refused(found: Comparison, tmp_path: Path) -> None:
    with pytest.raises(GanRunError, match=r"x\.pgn: no picture is written as \.pgn; did you mean 'png'"):
        found.draw_curves(tmp_path / "x.pgn")


def test_runs_that_have_logged_nothing_have_no_curves(make: Make, plugins: Registry, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="logged nothing yet"):
        compare([make("a", None)], registry=plugins).draw_curves(tmp_path / "x.png")
