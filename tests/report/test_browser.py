"""Pages in a real browser: they load nothing, raise nothing, draw their charts and follow mouse and keyboard."""

from collections.abc import Callable
from pathlib import Path

import pytest

from browser import AXE, Browser, Page
from gan_run import Run, compare
from gan_run.registry.plugins import Registry
from made_runs import entry

Make = Callable[..., Path]
HINGE = "[data-chart='1']"
"""The chart of the losses hinge."""


@pytest.fixture
def files(make: Make, plugins: Registry) -> dict[str, Path]:
    """The page of one run, and that of two."""
    runs = [make(f"x-{seed}", [entry({"distance": float(seed)})], seed=seed) for seed in (1, 2)]
    one = Run(runs[0], registry=plugins).report()
    return {"one": one, "two": compare(runs, registry=plugins).write_report(one.with_name("two.html"))}


@pytest.fixture
def page(browser: Browser) -> Page:
    page = browser.page()
    page.resize(1000)
    return page


def value_of(page: Page, line: int, chart: str = HINGE) -> str:
    text: str = page.evaluate(f"document.querySelectorAll(`{chart} .value`)[{line}].textContent")
    return text


def test_pages_load_nothing_and_draw_every_chart(page: Page, files: dict[str, Path]) -> None:
    for file in files.values():
        page.go(file.as_uri())
        assert page.errors == []
        assert [url for url in page.requests if not url.startswith("data:")] == [file.as_uri()]
        charts = page.evaluate("document.querySelectorAll('.chart').length")
        assert charts > 5
        assert page.evaluate("document.querySelectorAll('.chart svg').length") == charts
        assert page.evaluate(
            "[...document.querySelectorAll('.chart svg')].every(svg => svg.querySelector('.line, .dot'))"
        )
        assert page.evaluate("[...document.images].every(image => image.hidden || image.naturalWidth === 60)")
        assert "taken" not in page.evaluate("document.title")
    page.close()


def test_a_page_fits_a_phone(page: Page, files: dict[str, Path]) -> None:
    page.resize(390)
    for file in files.values():
        page.go(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci --prefix tests")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_has_no_serious_fault_of_accessibility(page: Page, files: dict[str, Path], scheme: str) -> None:
    page.prefer(scheme)
    for file in files.values():
        assert page.go(file.as_uri()).accessibility_faults() == []
    page.close()


def test_a_chart_shows_the_values_at_the_step_under_the_mouse_and_by_keys(page: Page, files: dict[str, Path]) -> None:
    page.go(files["one"].as_uri())
    assert value_of(page, 1) == "2.000"  # the last
    page.evaluate(f"document.querySelector(`{HINGE}`).scrollIntoView({{block: 'center', behavior: 'instant'}})")
    left, top, width = page.evaluate(
        f"(box => [box.left, box.top, box.width])(document.querySelector(`{HINGE} .plot`).getBoundingClientRect())"
    )
    page.hover(left + 1, top + 40)
    assert (value_of(page, 0), value_of(page, 1)) == ("1.000", "1.025")
    page.hover(left + width - 1, top + 40)
    assert value_of(page, 0) == "0.02500"
    page.hover(1, 1)
    page.evaluate(f"document.querySelector(`{HINGE} .plot`).focus()")
    page.press("Home", *["ArrowRight"] * 6)
    assert value_of(page, 1) == "100.0"
    slider = f"document.querySelector(`{HINGE} .plot`)"
    assert page.evaluate(f"{slider}.getAttribute('aria-valuetext')") == "step 7: generator 0.1429, discriminator 100.0"
    page.close()


def test_an_axis_is_logarithmic_or_not(page: Page, files: dict[str, Path]) -> None:
    page.go(files["one"].as_uri())
    line = f"document.querySelector(`{HINGE} .line`).getAttribute('d')"
    logarithmic = page.evaluate(line)
    button = f"document.querySelector(`{HINGE} button`)"
    assert page.evaluate(f"{button}.getAttribute('aria-pressed')") == "true"
    page.evaluate(f"{button}.click()")
    assert page.evaluate(f"{button}.getAttribute('aria-pressed')") == "false"
    assert page.evaluate(line) != logarithmic
    page.close()


def test_a_slider_turns_the_pictures_over_time(page: Page, files: dict[str, Path]) -> None:
    page.go(files["one"].as_uri())
    shown = (
        "[...document.querySelectorAll('.viewer img')].filter(image => !image.hidden).map(image => image.dataset.step)"
    )
    assert page.evaluate(shown) == ["6", "6"]
    page.evaluate("document.querySelector('.viewer input').focus()")
    page.press("ArrowLeft")
    assert page.evaluate(shown) == ["4", "6"]
    page.press("Home")
    assert page.evaluate(shown) == ["2", "6"]
    assert page.evaluate("document.querySelector('.viewer input').getAttribute('aria-valuetext')") == "step 2"
    page.close()
