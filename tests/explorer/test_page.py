"""The explorer's page as one file, in a real browser, against the model in Python."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from click.testing import Result
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from browser import Watched, open_page
from explorer_page import drawn, values_of, wait
from gan_run import Model, to_uint8

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CLOSE = 2
"""Levels of 255: weights in half precision."""


def generated(model: Model, values: dict[str, Tensor]) -> NDArray[Any]:
    """The image that Python generates, (H, W, C) uint8."""
    return to_uint8(model.generate(values)[0]).permute(1, 2, 0).numpy()


def assert_same_image(watched: Watched, model: Model) -> None:
    wait(watched)
    shown = drawn(watched, "#image").astype(int)
    assert np.abs(shown - generated(model, values_of(watched, model))).max() <= CLOSE


def test_it_opens_from_a_file_without_a_request_and_is_accessible(page_file: Path, opened: Watched) -> None:
    assert opened.requests_beside(page_file.as_uri()) == []
    assert opened.faults() == []
    assert opened.page.inner_text("h1") == "coded"
    assert opened.page.locator("article h3").all_inner_texts() == ["category", "c[0]", "c[1]", "turn", "on", "phase"]
    assert opened.complaints == []


def test_it_fits_a_phone_and_is_accessible_in_the_dark(browser: "Browser", page_file: Path) -> None:
    with open_page(browser, page_file.as_uri(), 390, 800, "dark") as watched:
        wait(watched)
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert watched.faults() == []


def test_it_draws_what_python_draws(opened: Watched, model: Model) -> None:
    assert_same_image(opened, model)
    opened.page.click("text=New noise")
    assert_same_image(opened, model)


def test_every_control_sets_its_code_alone(opened: Watched, model: Model) -> None:
    before = values_of(opened, model)
    other = str((before["category"].item() + 1) % 3)
    opened.page.locator("code-choice label", has_text=other).click()
    opened.page.locator("code-slider input").nth(1).focus()
    for _ in range(45):  # beyond what training drew
        opened.page.keyboard.press("ArrowRight")
    opened.page.locator(".knob").focus()
    opened.page.keyboard.press("PageUp")
    opened.page.locator("code-switch input").click()
    opened.page.locator("phase-knob input").fill("0.75")
    assert_same_image(opened, model)
    after = values_of(opened, model)
    assert after["category"].item() == int(other)
    assert after["c"][0, 0] == before["c"][0, 0]
    assert after["c"][0, 1] == min(2.0, before["c"][0, 1] + 45 * 0.05) or after["c"][0, 1] > 1
    turned = (after["turn"] - before["turn"]) % (2 * torch.pi)
    assert turned.item() == pytest.approx(torch.pi / 4, abs=1e-3)
    assert after["on"].item() == 1 - before["on"].item()
    assert after["phase"].item() == 0.75
    assert torch.equal(after["z"], before["z"])
    assert opened.complaints == []


def test_noise_is_kept_or_drawn_anew_at_each_turn(opened: Watched, model: Model) -> None:
    before = values_of(opened, model)
    opened.page.click("#keep")
    opened.page.locator("code-switch input").click()
    after = values_of(opened, model)
    assert not torch.equal(after["z"], before["z"])
    assert torch.equal(after["category"], before["category"])
    opened.page.locator("#noises .cell").nth(3).click()
    assert not torch.equal(values_of(opened, model)["z"], after["z"])
    assert_same_image(opened, model)


def test_the_strip_shows_the_code_under_the_mouse_and_sets_it(opened: Watched, model: Model) -> None:
    opened.page.locator("article", has_text="phase").hover()
    assert opened.page.inner_text("#strip h2") == "phase"
    wait(opened)
    shown = drawn(opened, "#strip .cell:last-child canvas")
    opened.page.locator("#strip .cell").last.click()
    assert values_of(opened, model)["phase"].item() == 1
    assert_same_image(opened, model)
    assert (drawn(opened, "#image") == shown).all()


def test_between_two_pins_numbers_are_mixed_and_categories_change_at_the_middle(opened: Watched, model: Model) -> None:
    start = values_of(opened, model)
    opened.page.click("#pin-A")
    opened.page.click("text=New noise")
    opened.page.locator("code-choice label", has_text=str((start["category"].item() + 1) % 3)).click()
    end = values_of(opened, model)
    opened.page.click("#pin-B")
    opened.page.locator("#path .cell").nth(2).click()
    quarter = values_of(opened, model)
    assert torch.allclose(quarter["z"], start["z"] + 0.25 * (end["z"] - start["z"]), atol=1e-6)
    assert torch.equal(quarter["category"], start["category"])
    opened.page.locator("#path .cell").nth(8).click()
    assert torch.equal(values_of(opened, model)["category"], end["category"])
    assert_same_image(opened, model)


@pytest.mark.parametrize("size", [(10, 12), (41, 33), (300, 77)], ids=str)
def test_a_picture_is_decoded_and_encoded_as_by_python(
    opened: Watched, model: Model, tmp_path: Path, size: tuple[int, int]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    file = tmp_path / "picture.png"
    Image.fromarray(noise).save(file)
    opened.page.set_input_files("#encode input", file)
    opened.page.wait_for_selector("#encode .found:not([hidden])")
    wait(opened)
    read = model.reader.read(file)
    assert np.abs(drawn(opened, "#encode canvas").astype(int) - to_uint8(read[0]).permute(1, 2, 0).numpy()).max() <= 1
    found, expected = values_of(opened, model), model.encode(read)
    for code in ("category", "on"):
        assert torch.equal(found[code], expected[code])
    for code in ("c", "turn", "phase"):
        assert torch.allclose(found[code], expected[code], atol=0.02)
    surest = expected.probabilities["category"].max().item()
    assert f"{100 * surest:.0f}." in opened.page.inner_text("#encode tbody tr:first-child") or surest < 0.34
    assert opened.complaints == []


def test_what_is_no_picture_is_said(opened: Watched, tmp_path: Path) -> None:
    file = tmp_path / "notes.png"
    file.write_text("not a picture")
    opened.page.set_input_files("#encode input", file)
    opened.page.wait_for_selector("#status:has-text('cannot be read')")


def test_a_gan_without_codes_has_noise_and_a_path(
    browser: "Browser", here: Callable[..., Result], write_spec: Callable[..., Path], tmp_path: Path
) -> None:
    assert here("train", write_spec(name="plain", losses=[{"type": "non-saturating"}])).exit_code == 0
    assert here("export", "runs/plain", "--html", "pages/plain.html").exit_code == 0
    with open_page(browser, (tmp_path / "pages/plain.html").as_uri()) as watched:
        wait(watched)
        assert watched.page.locator("article").count() == 0
        assert not watched.page.is_visible("#encode")
        before = drawn(watched, "#image")
        watched.page.click("text=New noise")
        wait(watched)
        assert (drawn(watched, "#image") != before).any()
        assert watched.complaints == []


def test_real_images_are_beside_the_codes(opened: Watched) -> None:
    details = opened.page.locator("article", has_text="c[0]").locator("details")
    details.locator("summary").click()
    assert details.locator("figcaption").all_inner_texts() == ["lowest", "highest"]
    assert details.locator("img").count() == 12
    assert details.locator("img").first.evaluate("image => image.naturalWidth") == 10
