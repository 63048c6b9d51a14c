"""Numbers and names without bound on the command line: answered at once, or harmless."""

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from gan_run import DataError, ImageShape
from gan_run.core.images.grid import check_grid
from gan_run.core.images.heat_map import save_heat_map

Here = Callable[..., Result]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--low", "nan"), "low has to be a finite number, not nan"),
        (("--high", "inf"), "high has to be a finite number, not inf"),
        (("--steps", "1000000000"), "a picture of 5000000000 images of 8x8, 1 channel(s) would have"),
        (("--rows", "1000000000"), "a picture of 3000000000 images"),
        (("--gif", "100000"), "a picture of 500000 images"),
    ],
)
def test_strips_that_no_picture_holds_are_refused(
    here: Here, run: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = here("traverse", run, *arguments, "--out", "strips")
    assert done.exit_code == 2
    assert message in done.output
    assert not list((tmp_path / "strips").glob("*"))


def test_a_picture_has_at_most_so_many_pixels() -> None:
    small = ImageShape(3, 64, 64)
    check_grid(small, 900, 900)  # 59,402 pixels wide
    with pytest.raises(DataError, match="would have 66002x68 pixels"):
        check_grid(small, 1000, 1000)
    with pytest.raises(DataError, match="would have 13202x13202 pixels"):
        check_grid(small, 200 * 200, 200)


@pytest.mark.parametrize("name", ["$x", r"$\frac{1}$", r"$\undefined$", "a\x1bb", "数字", "_^{}%&"])
def test_names_in_pictures_are_no_formulas(here: Here, run: Path, tmp_path: Path, name: str) -> None:
    named = tmp_path / "named"
    shutil.copytree(run, named)
    assert here("label", named, f"c={name}", f"category#1={name}").exit_code == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = here("traverse", named, "--out", tmp_path / "strips")
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "strips").glob("*.png"))) == 2


def test_a_table_of_many_classes_is_one_picture(tmp_path: Path) -> None:
    for count in (3, 2000):
        names = [f"class {number}" for number in range(count)]
        save_heat_map(np.eye(count), names, names, np.full((count, count), "x"), tmp_path / "x.png")
        with Image.open(tmp_path / "x.png") as picture:
            assert max(picture.size) < 8000
