"""A run with a code of every kind, and its page as one file."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from browser import Watched, open_page
from explorer_page import wait
from gan_run import Model, RunOptions, load, train
from gan_run.cli import main
from gan_run.registry.plugins import Registry, load_plugins

if TYPE_CHECKING:
    from playwright.sync_api import Browser

KNOB = Path(__file__).with_name("knob.py")
CODES = ("category", "c", "turn", "on", "phase")


@pytest.fixture(scope="session")
def with_knob(registry: Registry) -> Registry:
    return load_plugins(files=[KNOB])


@pytest.fixture(scope="session")
def coded_run(
    with_knob: Registry, small: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Codes: a category, a pair of numbers, an angle, a switch, and a third party's; colour images of 12x10 pixels."""
    out = tmp_path_factory.mktemp("explored")
    write_pictures(out / "pictures")
    spec = small(
        name="coded",
        data={
            "type": "image-folder",
            "root": str(out / "pictures"),
            "size": [12, 10],
            "channels": 3,
            "test_fraction": 0.5,
        },
        latents={
            "z": {"type": "gaussian", "count": 4},
            "category": {"type": "categorical", "classes": 3},
            "c": {"type": "uniform", "count": 2},
            "turn": {"type": "circular"},
            "on": {"type": "bernoulli"},
            "phase": {"type": "phase"},
        },
        losses=[{"type": "non-saturating"}, {"type": "mutual-information", "codes": dict.fromkeys(CODES, 1.0)}],
        train={"steps": 30},
        metrics=[],
    )
    return train(spec, out, options=RunOptions(notify=lambda text: None, registry=with_knob))


def write_pictures(folder: Path) -> None:
    """Forty pictures of colour gradients, of different sizes."""
    folder.mkdir()
    for number in range(40):
        down = np.linspace(0, 255, 30 + number)[:, None, None] * np.array([1.0, 0.3, number / 40])
        across = np.linspace(0, 255, 41)[None, :, None] * np.array([0.0, 0.6, 0.1])
        pixels = (down + across).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")


@pytest.fixture(scope="session")
def model(coded_run: Path, with_knob: Registry) -> Model:
    return load(coded_run, registry=with_knob)


@pytest.fixture(scope="session")
def page_file(coded_run: Path, toys: Path) -> Path:
    """The page as one file."""
    file = coded_run / "page.html"
    main(["export", str(coded_run), "--html", str(file), "--plugin", str(KNOB)], standalone_mode=False)
    return file


@pytest.fixture
def opened(browser: "Browser", page_file: Path) -> Iterator[Watched]:
    """The page, ready, opened from its file."""
    with open_page(browser, page_file.as_uri()) as watched:
        wait(watched)
        yield watched
