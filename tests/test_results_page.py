"""docs/results.md, and other pages, are the rendering of their records."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from pydantic import ValidationError

from gan_run.benchmarks import results
from gan_run.benchmarks.results import Record, Records, render

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
TEMPLATES = sorted(DOCS.glob("*.md.jinja"))
RECORDS = results.read(DOCS / "results.jsonl")
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
CODE = re.compile(r"^    .*$|`[^`]*`|\]\([^)]*\)", re.MULTILINE)
MEASURED = re.compile(r"\d%|(?<![\w.])\d*\.\d+\b(?!\.\d)")
"""A percentage or a decimal number: in the template they come from records, or are marked by `given`."""
CELL = re.compile(r"\| *\**-?[,.]?\d[\d,.]*\**(?: s)? *(?=\|)")
"""A cell of a table with a number alone."""


def test_the_pages_are_the_rendering_of_the_records() -> None:
    records = Records(RECORDS)

    for template in TEMPLATES:
        page = render(records, template.read_text(encoding="utf-8"))
        written = template.with_suffix("").read_text(encoding="utf-8")
        assert page == written, f"{template}: python benchmarks/results.py render"

    assert not records.unread, "records that no page uses"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_measured_number_of_its_own(template: Path) -> None:
    bare = CODE.sub("", EXPRESSION.sub("x", template.read_text(encoding="utf-8")))

    assert MEASURED.findall(bare) == []
    assert CELL.findall(bare) == []


def test_every_record_names_a_file_that_exists() -> None:
    named = {record.spec for record in RECORDS if record.spec is not None}

    assert {spec for spec in named if not (ROOT / spec).is_file()} == set()


def measured(**fields: Any) -> Record:
    return Record.model_validate(
        {"spec": "examples/a.json", "machine": "a CPU", "commit": "0123456", "numbers": {"accuracy": 0.9}, **fields}
    )


def test_numbers_and_summaries_are_rendered() -> None:
    table = Records([measured(id="a/0", seed=0), measured(id="a/1", seed=1, numbers={"accuracy": 0.8})])
    template = """\
{% for r in runs("a") %}
| {{ r.seed }} | {{ r.numbers.accuracy|percent }} | {{ r.numbers.accuracy|decimal }} |
{% endfor %}
{% set a = runs("a") %}
{{ mean(a, "accuracy")|percent }} {{ deviation(a, "accuracy")|decimal(2) }} {{ least(a, "accuracy") }}
{{ run("a/0").steps or 12345|whole }} {{ (-0.25)|decimal(2) }} {{ 1.25|decimal(2) }} {{ given("61%") }}
"""
    assert render(table, template).splitlines() == [
        "| 0 | 90.0% | .900 |",
        "| 1 | 80.0% | .800 |",
        "85.0% .07 0.8",
        "12,345 -.25 1.25 61%",
    ]
    assert not table.unread


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ('run("a/7")', KeyError),
        ('runs("b")', KeyError),
        ('run("a/0").numbers.acuracy|percent', UndefinedError),
        ('mean(runs("a"), "acuracy")', KeyError),
    ],
)
def test_what_the_records_do_not_have_is_an_error(expression: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        render(Records([measured(id="a/0")]), "{{ " + expression + " }}")


@pytest.mark.parametrize("missing", ["spec", "machine", "commit"])
def test_a_measured_record_says_what_ran_and_where(missing: str) -> None:
    with pytest.raises(ValidationError, match="a measured record has spec, machine and commit"):
        measured(id="a/0", **{missing: None})


def test_a_published_record_has_its_source_alone() -> None:
    assert Record(id="published/a", source="Lin et al. 2020", numbers={"mig": 0.37}).group == "published"
    with pytest.raises(ValidationError, match="a published record has no spec"):
        measured(id="published/a", source="Lin et al. 2020")


def test_two_records_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="two records have one id"):
        Records([measured(id="a/0"), measured(id="a/0")])


def test_each_template_of_a_folder_is_rendered_beside_it(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text(measured(id="a/0").model_dump_json() + "\n")
    (tmp_path / "one.md.jinja").write_text('{{ run("a/0").numbers.accuracy|percent }}\n')
    (tmp_path / "two.md.jinja").write_text("Nothing.\n")
    (tmp_path / "other.md").write_text("Kept.\n")

    results.render_all(tmp_path)

    assert {path.name: path.read_text() for path in tmp_path.glob("*.md")} == {
        "one.md": "90.0%\n",
        "two.md": "Nothing.\n",
        "other.md": "Kept.\n",
    }


def test_add_appends_a_record_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "results.jsonl"
    table.touch()
    monkeypatch.setattr(results, "RECORDS", table)
    run = tmp_path / "run"
    run.mkdir()
    stretch = {"processor": "a CPU", "device": "cpu", "threads": 2, "torch": "2.14.1"}
    evaluation = {"step": 500, "metrics": [{"metric": {"type": "cluster-accuracy"}, "found": {"accuracy": 0.94}}]}
    for name, content in (
        ("spec", {"seed": 3}),
        ("environment", {"stretches": [stretch]}),
        ("evaluation", evaluation),
    ):
        (run / f"{name}.json").write_text(json.dumps(content))
    command = ["add", "digits", str(run), "--spec", "examples/quickstart.json", "--set", "train.steps=500"]

    results.main([*command, "--number", "accuracy=/metrics/0/found/accuracy", "--note", "bf16"])

    [record] = results.read(table)
    assert (record.id, record.seed, record.steps) == ("digits/3", 3, 500)
    assert record.numbers == {"accuracy": 0.94}
    assert record.overrides == ("train.steps=500",)
    assert record.machine == "a CPU, cpu, 2 threads, torch 2.14.1"
    assert record.note == "bf16"
    with pytest.raises(ValueError, match="two records have one id"):
        results.main([*command, "--number", "accuracy=/metrics/0/found/accuracy"])
    assert results.read(table) == [record]
