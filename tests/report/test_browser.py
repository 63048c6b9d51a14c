"""Pages in a real browser: they load nothing, raise nothing, draw their charts and follow mouse and keyboard."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from browser import open_page
from gan_run import Run, compare
from gan_run.registry.plugins import Registry
from made_runs import entry

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

Make = Callable[..., Path]


@pytest.fixture
def one(make: Make, plugins: Registry) -> Path:
    """The page of one run."""
    return Run(make("x-1", [entry({"distance": 1.0})], seed=1), registry=plugins).report()


@pytest.fixture
def two(make: Make, plugins: Registry, one: Path) -> Path:
    """The page of two."""
    other = make("x-2", [entry({"distance": 2.0})], seed=2)
    return compare([one.parent, other], registry=plugins).write_report(one.with_name("two.html"))


@pytest.fixture
def page(browser: "Browser", one: Path) -> Iterator["Page"]:
    with open_page(browser, one.as_uri(), 1000) as watched:
        yield watched.page


@pytest.fixture
def hinge(page: "Page") -> "Locator":
    """The chart of the losses hinge."""
    chart = page.locator("[data-chart='1']")
    chart.scroll_into_view_if_needed()
    return chart


def values(chart: "Locator") -> list[str]:
    return chart.locator(".value").all_text_contents()


def test_pages_load_nothing_and_draw_every_chart(browser: "Browser", one: Path, two: Path) -> None:
    for file in (one, two):
        with open_page(browser, file.as_uri(), 1000) as watched:
            assert watched.complaints == []
            assert watched.requests_beside(file.as_uri()) == []
            assert watched.page.locator(".chart").count() > 5
            for chart in watched.page.locator(".chart").all():
                assert chart.locator("svg .line, svg .dot").count() > 0
            widths = "images => images.filter(image => !image.hidden).map(image => image.naturalWidth)"
            assert set(watched.page.locator("img").evaluate_all(widths)) == {60}
            assert "taken" not in watched.page.title()


def test_a_run_that_ended_earlier_shows_the_step_of_its_last_value(
    browser: "Browser", make: Make, plugins: Registry
) -> None:
    whole, short = make("x-1", seed=1), make("x-2", seed=2)
    log = short / "metrics.jsonl"
    first, *_ = log.read_text().splitlines()
    log.write_text(f"{first}\n")
    page = compare([whole, short], registry=plugins).write_report(short / "two.html")
    with open_page(browser, page.as_uri(), 1000) as watched:
        shown = values(watched.page.locator("body"))
    at = f" at {json.loads(first)['step']}"
    assert {value.endswith(at) for value in shown} == {True, False}


def test_a_page_fits_a_phone(browser: "Browser", one: Path, two: Path) -> None:
    for file in (one, two):
        with open_page(browser, file.as_uri(), 390) as watched:
            assert watched.page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_has_no_serious_fault_of_accessibility(
    browser: "Browser", one: Path, two: Path, scheme: Literal["light", "dark"]
) -> None:
    for file in (one, two):
        with open_page(browser, file.as_uri(), 1000, scheme=scheme) as watched:
            assert watched.faults() == []


def test_a_chart_shows_the_values_at_the_step_under_the_mouse_and_by_keys(page: "Page", hinge: "Locator") -> None:
    assert values(hinge)[1] == "2.000"  # the last
    plot = hinge.locator(".plot")
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1, box["y"] + 40)
    assert values(hinge)[:2] == ["1.000", "1.025"]
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 40)
    assert values(hinge)[0] == "0.02500"
    page.mouse.move(1, 1)
    plot.focus()
    for key in ("Home", *["ArrowRight"] * 6):
        page.keyboard.press(key)
    assert values(hinge)[1] == "100.0"
    assert plot.get_attribute("aria-valuetext") == "step 7: generator 0.1429, discriminator 100.0"


def test_an_axis_is_logarithmic_or_not(hinge: "Locator") -> None:
    line, button = hinge.locator(".line").first, hinge.locator("button")
    logarithmic = line.get_attribute("d")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert line.get_attribute("d") != logarithmic


def test_a_slider_turns_the_pictures_over_time(page: "Page") -> None:
    shown = page.locator(".viewer img:not([hidden])")
    steps = "images => images.map(image => image.dataset.step)"
    assert shown.evaluate_all(steps) == ["6", "6"]
    slider = page.locator(".viewer input").first
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert shown.evaluate_all(steps) == ["4", "6"]
    page.keyboard.press("Home")
    assert shown.evaluate_all(steps) == ["2", "6"]
    assert slider.get_attribute("aria-valuetext") == "step 2"
