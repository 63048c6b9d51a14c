"""Specs that no one writes by hand: files that are none, and content without bound."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_run import SpecError, read_spec
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]


def refusal(path: Path, registry: Registry, *overrides: str) -> str:
    """The one problem of a file, in one line."""
    with pytest.raises(SpecError) as caught:
        read_spec(path, overrides, registry)
    (problem,) = map(str, caught.value.problems)
    assert "\n" not in problem
    return problem


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.json", b"", "it is empty"),
        ("a.json", b"\xef\xbb\xbf", "it is empty"),
        ("a.json", b'{"name":\n "\xff"}', "line 2: the byte 0xff is no UTF-8: save it as UTF-8"),
        ("a.json", '{"name": "x"}'.encode("utf-16"), "it is written in UTF-16: save it as UTF-8"),
        ("a.json", b"{" + b" " * 2**20 + b"}", "it has more than 1,048,576 bytes: it is no spec"),
        ("a.yaml", b"a: " + b"x" * 2**16, "it has more than 65,536 characters of YAML: write it as JSON"),
        ("a.json", b'{"a": ' + b"[" * 99_999 + b"]" * 99_999 + b"}", "it is nested too deep, or refers to itself"),
        ("a.json", b'{"a": ' + b"[" * 150 + b"]" * 150 + b"}", "a[0]: it is nested too deep, or refers to itself"),
        ("a.json", b'{"a": [' + b"0," * 100_000 + b"0]}", "it has more than 100,000 values"),
        ("a.json", b'{"seed": ' + b"9" * 5000 + b"}", "a number has more digits than any field takes"),
        ("a.toml", b"seed = " + b"9" * 5000, "a number has more digits than any field takes"),
        ("a.yaml", b"seed: " + b"9" * 5000, "a number has more digits than any field takes"),
        ("a.json", b'{"seed": 9223372036854775808}', "seed: the whole number has more digits than any field takes"),
        ("a.json", b'{"name": "\\ud800"}', r"name: '\ud800' has characters that UTF-8 cannot hold"),
        ("a.json", b'{"a\\ud800": 1}', r"'a\ud800' has characters that UTF-8 cannot hold"),
        ("a.json", b'{"name": "a\\u0000"}', r"name: 'a\x00' has a character of code 0"),
    ],
)
def test_content_without_bound_is_one_problem(
    tmp_path: Path, registry: Registry, name: str, content: bytes, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path, registry).startswith(problem)


def test_aliases_that_stand_for_billions_of_values_are_refused(tmp_path: Path, registry: Registry) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    path = tmp_path / "a.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert refusal(path, registry) == "it has more than 100,000 values"


def test_what_is_no_regular_file_is_refused_and_not_read(tmp_path: Path, registry: Registry) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        assert refusal(path, registry).startswith("it is no regular file")
    assert refusal(tmp_path, registry) == "it is a folder"
    assert refusal(tmp_path / "none.json", registry) == "it cannot be read: No such file or directory"
    assert refusal(tmp_path / f"{'a' * 300}.json", registry) == "it cannot be read: File name too long"
    loop = tmp_path / "loop.json"
    loop.symlink_to(loop)
    assert "symbolic links" in refusal(loop, registry)


def test_numbers_that_are_not_finite_are_placed(small: Small, registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for number in ("NaN", "Infinity", "-1e400"):
        text = json.dumps(small()).replace('"steps": 6', f'"steps": {number}')
        path.write_text(text, encoding="utf-8")
        assert refusal(path, registry).startswith("train.steps: it has to be ")


@pytest.mark.parametrize("override", ["data.root=" + "[" * 100_000, "seed=" + "9" * 5000, "train.steps=1e400"])
def test_values_without_bound_on_the_command_line_are_refused(small: Small, registry: Registry, override: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_spec(small(), [override], registry)
    assert len(str(caught.value)) < 1000


def test_a_path_that_none_can_be_is_refused(small: Small, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPTY_OF_MINE", "")
    for text, problem in (
        ("", "an empty text is no file and no folder"),
        ("  ", "an empty text is no file and no folder"),
        ("$EMPTY_OF_MINE", "an empty text is no file and no folder"),
        (f"a/{'b' * 256}", f"{'b' * 20}… is longer than the name of a file or folder can be, 255 bytes"),
    ):
        with pytest.raises(SpecError) as caught:
            read_spec(small(train={"init_from": text}), registry=registry)
        assert [str(each) for each in caught.value.problems] == [f"train.init_from: {problem}"]


def test_many_problems_are_not_all_shown(small: Small, registry: Registry) -> None:
    with pytest.raises(SpecError) as caught:
        read_spec(small(losses=[{"type": "x"}] * 50), registry=registry)
    lines = str(caught.value).splitlines()
    assert (len(caught.value.problems), len(lines), lines[-1]) == (50, 22, "  and 30 more")


def test_a_number_on_the_command_line_is_a_text_where_the_field_takes_texts(
    small: Small, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = read_spec(small(), ["name=123", "description=1e5", "train.init_from=2020", "train.device=true"], registry)
    assert (spec.name, spec.description, spec.train.init_from) == ("123", "1e5", tmp_path / "2020")
    assert spec.train.device == "true"
    assert read_spec(small(), ["name=007"], registry).name == "007"
    with pytest.raises(SpecError, match="name: it has to be a text, not 123"):
        read_spec(small(name=123), registry=registry)
    with pytest.raises(SpecError, match=r"train\.init_from: it has to be a path, as text, not 2020"):
        read_spec(small(train={"init_from": 2020}), registry=registry)


def test_an_item_of_a_list_that_is_left_to_its_default_leaves_the_others(small: Small, registry: Registry) -> None:
    def betas(*overrides: str) -> object:
        return read_spec(small(), overrides, registry).optimizers["generator"].model_dump()["betas"]

    before = betas()
    assert betas("optimizers.generator.betas[0]=0") == (0.0, before[1])  # type: ignore[index]
    assert betas("optimizers.generator.betas[1]=0.9") == (before[0], 0.9)  # type: ignore[index]
    spec = read_spec(small(generator={"type": "mlp"}), ["generator.hidden[1]=7"], registry)
    assert spec.generator.model_dump()["hidden"] == (256, 7)
    assert read_spec(small(), ["metrics[0].type=loudness"], registry).metrics[0].name() == "loudness"
