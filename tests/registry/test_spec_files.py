import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_run import SpecError, read_spec
from gan_run.registry.plugins import Registry
from gan_run.registry.spec_files import FORMATS, read_content, read_file

Small = Callable[..., dict[str, Any]]

JSON = """{
  // the smallest
  "format": 1, "name": "small", "seed": 3, /* and
  its data */ "data": {"type": "toys"},
  "latents": {
    "z": {"type": "gaussian", "count": 4},
    "category": {"type": "categorical", "classes": 3},
    "c": {"type": "uniform"},
  },
  "generator": {"type": "mlp", "hidden": [12,]},
  "discriminator": {"trunk": {"type": "mlp", "hidden": [10]}, "head": {"type": "linear"}},
  "losses": [
    {"type": "non-saturating"},
    {"type": "mutual-information", "codes": {"category": 1.0, "c": 0.5}, "hidden": 6},
  ],
  "optimizers": {"generator": {"type": "adam", "lr": 1e-3}, "discriminator": {"type": "adam", "lr": 2e-4}},
  "train": {"steps": 6, "batch_size": 8, "checkpoint_every": 2, "log_every": 1, "device": "cpu"},
}
"""
YAML = """# yaml-language-server: $schema=gan-run.schema.json
format: 1
name: small
seed: 3
data: {type: toys}
latents:
  z: {type: gaussian, count: 4}
  category: {type: categorical, classes: 3}
  c:
    type: uniform
generator: {type: mlp, hidden: [12]}
discriminator:
  trunk: {type: mlp, hidden: [10]}
  head: {type: linear}
losses:
  - type: non-saturating  # the game
  - type: mutual-information
    codes: {category: 1.0, c: 0.5}
    hidden: 6
optimizers:
  generator: &adam {type: adam, lr: 1e-3}
  discriminator: {<<: *adam, lr: 2e-4}
train: {steps: 6, batch_size: 8, checkpoint_every: 2, log_every: 1, device: cpu}
"""
TOML = """name = "small"
seed = 3
data.type = "toys"

[latents]  # in this order
z = {type = "gaussian", count = 4}
category = {type = "categorical", classes = 3}
c.type = "uniform"

[generator]
type = "mlp"
hidden = [12]

[discriminator]
trunk = {type = "mlp", hidden = [10]}
head.type = "linear"

[[losses]]
type = "non-saturating"

[[losses]]
type = "mutual-information"
codes = {category = 1.0, c = 0.5}
hidden = 6

[optimizers]
generator = {type = "adam", lr = 1e-3}
discriminator = {type = "adam", lr = 2e-4}

[train]
steps = 6
batch_size = 8
checkpoint_every = 2
log_every = 1
device = "cpu"
"""


@pytest.mark.parametrize(
    ("ending", "text"),
    [("json", JSON), ("jsonc", JSON), ("yaml", YAML), ("yml", YAML), ("YAML", YAML), ("toml", TOML), ("spec", YAML)],
)
@pytest.mark.parametrize("beginning", ["", "\ufeff"])
def test_a_spec_may_be_written_in_each_format(
    small: Small, registry: Registry, tmp_path: Path, ending: str, text: str, beginning: str
) -> None:
    path = tmp_path / f"mine.{ending}"
    path.write_text(beginning + text, encoding="utf-8")
    spec = read_spec(path, registry=registry)
    assert spec == read_spec(small(), registry=registry)
    assert list(spec.latents) == ["z", "category", "c"]


@pytest.mark.parametrize(("text", "ending"), [(JSON, ".json"), (YAML, ".yaml"), (TOML, ".toml")])
def test_the_format_of_a_text_without_a_name_shows_in_it(text: str, ending: str) -> None:
    assert read_content(text.encode(), "text") == read_content(text.encode(), "text", FORMATS[ending])


def test_yaml_is_that_of_today() -> None:
    text = b"a: no\nb: 1e-3\nc: 010\nd: 1:30\ne: on\nf: null\ng: true\nh: 5E-1\ni: '1e-3'\n"
    expected = {"a": "no", "b": 1e-3, "c": 10, "d": "1:30", "e": "on", "f": None, "g": True, "h": 0.5, "i": "1e-3"}
    assert read_content(text, "text", FORMATS[".yaml"]) == expected


names = st.text(max_size=20)  # in YAML a name has at most 1,024 characters
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(names, values, max_size=4))
def test_json_is_yaml_too_and_comments_change_nothing(fields: dict[str, object]) -> None:
    text = json.dumps(fields, indent=1)
    assert read_content(text.encode(), "text") == fields
    assert read_content(f"// x\n/* y */{text}".encode(), "text") == fields
    assert read_content(text.encode(), "text", FORMATS[".yaml"]) == fields


@pytest.mark.parametrize(
    ("ending", "text", "problem"),
    [
        ("json", '{\n  "name": "x",\n  "seed" 3\n}', 'line 3, column 10: Unexpected "3"'),
        ("json", '{\n  // a\n  "name": "x"\n  "seed": 3\n}', 'line 4, column 3: Unexpected """'),
        ("json", '{"name": "x\n"}', 'line 1, column 12: Unexpected "\\n"'),
        ("json", '{"a": 1', "line 1, column 8: Unexpected end of input"),
        ("json", '{"name": "x", "train": {"steps": 1, "ema": null, "steps": 2}}', "'steps' stands twice in one object"),
        ("jsonc", '{"a": 1, "a": 2,}', "'a' stands twice in one object"),
        ("json", "[" * 100_000, "it is nested too deep, or refers to itself"),
        ("json", " \n", "it is empty"),
        ("yaml", "a: [1\nb: 2\n", "line 2, column 2: while parsing a flow sequence expected ',' or ']', but got ':'"),
        ("yaml", "a:\n\tb: 1", "line 2, column 1: while scanning for the next token found character '\\t' that"),
        ("yaml", "a: 1\na: 2\n", 'line 2, column 1: while constructing a mapping found duplicate key "a"'),
        ("yaml", "a: 1\n---\nb: 1\n", "line 2, column 1: expected a single document in the stream but found another"),
        ("yaml", "a: !!python/name:os.system x\n", "line 1, column 4: could not determine a constructor for the tag"),
        ("yaml", "a: \x01\n", "unacceptable character #x0001"),
        ("yaml", "a: &all [*all]\n", "a[0]: it is nested too deep, or refers to itself"),
        ("yaml", "train: {1: 2}\n", "train: the name 1 is no text: write it in quotes"),
        ("yaml", "losses: [{type: 2024-01-01}]\n", "losses[0].type: a date is no value of a spec: write it in quotes"),
        ("toml", "name = 'x'\nseed 3\n", "line 2, column 6: Expected '=' after a key in a key/value pair"),
        ("toml", "a = 1\na = 2\n", "line 2, column 6: Cannot overwrite a value"),
        ("toml", "name = 2024-01-01\n", "name: a date is no value of a spec: write it in quotes"),
        *((ending, "", "it is empty") for ending in ("json", "yaml", "toml")),
        *(("json", text, "a spec is an object of fields, such as") for text in ("[1, 2]", "3", '"text"', "null")),
        ("yaml", "- a\n- b\n", "a spec is an object of fields, such as"),
    ],
)
def test_a_mistake_in_a_text_is_refused_with_line_and_column(
    tmp_path: Path, ending: str, text: str, problem: str
) -> None:
    path = tmp_path / f"spec.{ending}"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read_file(path)
    assert caught.value.source == str(path)
    (found,) = map(str, caught.value.problems)
    assert found.startswith(problem)
    assert "\n" not in found
