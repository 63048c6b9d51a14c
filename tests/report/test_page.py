"""What a page says, as text. test_browser.py opens it."""

import json
import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import Result

from gan_run import DataError, Run, RunOptions, compare, resume
from gan_run.registry.plugins import Registry
from gan_run.report.rendering import asset, digest
from made_runs import entry
from page_runs import EVIL

Make = Callable[..., Path]
SPEC = {"description": EVIL, "train": {"steps": 6, "ema": 0.9}}


class Reader(HTMLParser):
    """The tags of a page, the links in them, and its texts."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.links: list[str] = []
        self.text = ""
        self.data: list[dict[str, object]] = []
        self._inside = ""
        self.feed(page.read_text(encoding="utf-8"))
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        self.links += [value or "" for name, value in attributes if name in ("src", "href", "action", "srcset")]
        self._inside = "json" if tag == "script" and ("type", "application/json") in attributes else tag

    def handle_data(self, data: str) -> None:
        if self._inside == "json":
            self.data = json.loads(data)
        elif self._inside not in ("script", "style"):
            self.text += f"{data} "
        if data.strip():
            self._inside = ""

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


@pytest.fixture
def page(make: Make, plugins: Registry) -> Reader:
    found = [
        entry(
            {
                "distance": 2.5,
                "share": 0.25,
                "measured_on": {"split": "test", "images": 1600},
                "measured_with": {"n": 1},
            }
        )
    ]
    return Reader(Run(make("first", found, **SPEC), registry=plugins).report())


SAID = [
    "first",
    "toys: 1×8×8, 48 train, 16 test",
    "category, c (slant <b>)",
    "After 6 steps, with the EMA of the generator's weights (0.9).",
    "distance pixels lower is better 2.50",
    "share higher is better 25.0%",
    "Measured on the test split, 1,600 images.",
    "Fingerprint #",
    "samples step 6",
    "c (slant <b>) step 6",
    "Images of each category (rows), by their class (columns), on the test split, after 6 steps.",
    "cat dog",
    "code/c 10 to 12",
    "30 to 31",
    "gan-run traverse",
    "OMP_NUM_THREADS=3 gan-run train",
    "torch 2.x",
    '"name": "first"',
    "Constant: learning rate, generator 0.001; ada/p 0.5",
]


def test_the_page_says_what_there_is_to_know(page: Reader) -> None:
    assert [text for text in SAID if text not in page.text] == []


def test_nothing_is_fetched_and_only_the_script_of_the_page_may_run(page: Reader) -> None:
    assert page.links
    assert all(link.startswith(("data:", "#")) for link in page.links)
    (policy,) = [tag["content"] or "" for _, tag in page.tags if tag.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert rules["script-src"] == digest(asset("charts.js"))


def test_texts_of_a_run_are_texts(page: Reader) -> None:
    assert page.count("script") == 2  # the data, and the script of the page
    assert not [tag for tag in page.tags if tag[1].get("src") == "x" or "onerror" in tag[1]]
    assert page.text.count("onerror") == 5  # the description, also in the spec; a table; an alarm; the title of a chart
    assert any(EVIL in str(chart["title"]) for chart in page.data)


def test_charts_hold_what_was_logged(page: Reader) -> None:
    charts = {str(chart["title"]): chart for chart in page.data}
    assert list(charts)[:2] == ["distance distance", "hinge"]
    generator, discriminator = charts["hinge"]["lines"]
    assert (generator["label"], discriminator["label"]) == ("generator", "discriminator")
    assert generator["x"] == list(range(1, 41))
    assert generator["y"][:3] == [1.0, 0.5, 0.33333]
    assert charts["hinge"]["log"] is True
    assert charts["losses[1].weight"]["log"] is False
    assert [line["label"] for line in charts["learning rate"]["lines"]] == ["discriminator"]
    assert "recovery (code)" in charts
    assert "recovery (hidden)" not in charts  # the same numbers
    assert "images per second" in charts
    assert page.count("figure") == len(charts) + 2  # and two pictures, of which one has three steps


def test_pictures_are_in_the_page_but_for_those_that_a_table_stands_for(page: Reader) -> None:
    pictures = [tag for name, tag in page.tags if name == "img"]
    assert [picture["data-step"] for picture in pictures] == ["2", "4", "6", "6"]
    assert ["hidden" in picture for picture in pictures] == [True, True, False, False]
    assert all(picture["alt"] and (picture["width"], picture["height"]) == ("60", "40") for picture in pictures)


def test_runs_are_side_by_side_with_the_best_marked_and_fingerprints_apart(make: Make, plugins: Registry) -> None:
    def found(distance: float, network: str) -> list[dict[str, object]]:
        return [entry({"distance": distance, "measured_with": network}), entry({"share": distance}, split="train")]

    runs = [
        make("x-1", found(1.0, "a"), seed=1, train={"steps": 6, "ema": 0.5}),
        make("x-2", found(2.0, "a"), seed=2, train={"steps": 6, "ema": 0.5}),
        make("y", found(9.0, "b"), train={"steps": 6, "ema": 0.75}),
    ]
    page = Reader(compare(runs, registry=plugins).write_report(runs[0].parent / "page.html"))
    assert "Field x-* y runs 2 1 train.ema 0.5 0.75" in page.text
    assert re.search(r'distance\(split="test"\) distance pixels, lower is better, #\w{8} 1\.50 ± 0\.71 –', page.text)
    assert re.search(r'distance\(split="test"\) distance pixels, lower is better, #\w{8} – 9\.00', page.text)
    assert re.search(r"share higher is better 150\.0% ± 70\.7% 900\.0% \(best\)", page.text)
    assert page.text.count("(best)") == 1
    (hinge,) = [chart for chart in page.data if chart["title"] == "hinge, generator"]
    assert [(line["label"], line["colour"], line["thin"]) for line in hinge["lines"]] == [
        ("", 0, True),
        ("", 0, True),
        ("x-*", 0, False),
        ("y", 1, False),
    ]
    assert page.text.count("x-2 step 6") == 3  # samples, a traversal and a confusion of each run


def test_seeds_of_one_spec_have_a_column_and_a_colour_each(make: Make, plugins: Registry) -> None:
    runs = [make(f"x-{seed}", [entry({"distance": float(seed)})], seed=seed) for seed in (1, 2)]
    page = Reader(compare(runs, registry=plugins).write_report(runs[0].parent / "page.html"))
    assert "Number x-1 x-2 distance distance pixels, lower is better 1.00 (best) 2.00" in page.text
    (hinge,) = [chart for chart in page.data if chart["title"] == "hinge, generator"]
    assert [(line["label"], line["colour"]) for line in hinge["lines"]] == [("x-1", 0), ("x-2", 1)]


def test_an_unfinished_run_without_anything_has_a_page(make: Make, plugins: Registry) -> None:
    path = make("bare", None)
    for file in path.rglob("*"):
        if file.is_file() and file.name not in ("spec.json", "data.json"):
            file.unlink()
    page = Reader(Run(path, registry=plugins).report())
    assert "bare is unfinished, after 0 of 6 steps" in page.text
    assert "No metric was measured after the last step." in page.text
    assert "No alarm watched this run." in page.text
    assert page.data == []


def test_a_page_that_cannot_be_written_is_an_error(make: Make, plugins: Registry) -> None:
    run = Run(make("a"), registry=plugins)
    with pytest.raises(DataError, match="is a folder: name a file"):
        run.report(run.path)
    with pytest.raises(DataError, match="the report cannot be written"):
        run.report(run.path / "spec.json" / "page.html")


def test_the_command_writes_one_run_into_its_folder_and_several_here(
    here: Callable[..., Result], run: Path, tmp_path: Path
) -> None:
    done = here("report", run)
    assert (done.exit_code, done.output) == (0, f"{run / 'report.html'}\n"), done.output
    assert here("report", run, "--out", "deep/one.html").output == "deep/one.html\n"
    assert (tmp_path / "deep/one.html").stat().st_size == (run / "report.html").stat().st_size
    copy = resume(run, options=RunOptions(notify=lambda text: None, progress=False))
    assert copy == run
    assert here("report", run.parent, "--out", "again.html").exit_code == 0
    wrong = here("report", tmp_path)
    assert wrong.exit_code == 2
    assert "is no run folder" in wrong.output


def test_the_card_of_a_run_shows_its_numbers_and_strips(run: Path, registry: Registry) -> None:
    card = Run(run, registry=registry)._repr_html_()
    assert "<strong>small</strong> · 4 steps" in card
    assert "loudness mean" in unescape(card)
    assert card.count('src="data:image/png;base64,') == 2
    assert "<script" not in card
