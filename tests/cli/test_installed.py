import json
from collections.abc import Callable
from typing import Any

from click.testing import Result

Here = Callable[..., Result]


def test_components_are_listed_by_kind_with_a_line_each(here: Here) -> None:
    done = here("components")
    assert done.exit_code == 0
    lines = [line.split(maxsplit=2) for line in done.output.splitlines()]
    assert ["data", "toys", "Noise, the same at every call."] in lines
    assert ["trunk", "wrapped", "A trunk around another trunk."] in lines
    assert all(len(line) == 3 for line in lines)


def test_components_of_one_kind_are_listed_as_json(here: Here) -> None:
    rows: list[dict[str, Any]] = json.loads(here("components", "data", "--json").output)
    assert {row["kind"] for row in rows} == {"data"}
    (toys,) = [row for row in rows if row["type"] == "toys"]
    assert toys["distribution"] == "gan-run-toys"
    assert [row["type"] for row in rows] == sorted(row["type"] for row in rows)


def test_components_of_no_kind_are_answered_with_the_nearest(here: Here) -> None:
    done = here("components", "los")
    assert done.exit_code == 2
    assert "there is no kind 'los'; did you mean 'loss'?" in done.output


def test_schema_is_printed_with_what_is_installed(here: Here) -> None:
    done = here("schema")
    assert done.exit_code == 0
    schema = json.loads(done.output)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"data.toys", "loss.mutual-information", "trunk"} <= schema["$defs"].keys()
