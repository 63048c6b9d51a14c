"""Specs on the command line: standard input, the resolved spec, components, completion."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from gan_run import read_spec
from gan_run.cli import main
from gan_run.registry.plugins import Registry
from gan_run.registry.recipes import recipes

Here = Callable[..., Result]
Small = Callable[..., dict[str, Any]]

MINE = """# changes of the small spec
extends: bases/small.json
optimizers:
  generator: {lr: 1e-2}
train:
  init_from: ${OLD_RUNS}/a
"""


@pytest.fixture
def mine(tmp_path: Path, small: Small) -> Path:
    """A spec in YAML that extends the small one."""
    (tmp_path / "bases").mkdir()
    (tmp_path / "bases" / "small.json").write_text(json.dumps(small(train={"steps": 2})), encoding="utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text(MINE, encoding="utf-8")
    return path


def test_check_prints_a_spec_resolved(here: Here, mine: Path, tmp_path: Path, registry: Registry) -> None:
    done = here("check", "--resolved", "mine.yaml", "--set", "seed=7", OLD_RUNS="runs")
    assert done.exit_code == 0, done.output
    content = json.loads(done.output)
    assert (content["seed"], content["optimizers"]["generator"]["lr"], content["train"]["steps"]) == (7, 1e-2, 2)
    assert content["train"]["init_from"] == str(tmp_path / "runs/a")
    assert content["train"]["keep"] == 2
    assert "extends" not in content
    again = tmp_path / "elsewhere.json"
    again.write_text(done.output, encoding="utf-8")
    assert here("check", "--resolved", again).output == done.output


def test_a_variable_that_is_not_set_is_placed(here: Here, mine: Path) -> None:
    done = here("mine.yaml")
    assert done.exit_code == 2
    assert done.stderr.startswith(
        "error: mine.yaml: 1 problem\n  train.init_from: the environment variable OLD_RUNS is"
    )


def test_a_run_holds_the_resolved_spec(here: Here, mine: Path, tmp_path: Path) -> None:
    mine.write_text(MINE.replace("${OLD_RUNS}/a", "null"), encoding="utf-8")
    done = here("mine.yaml")
    assert done.exit_code == 0, done.output
    recorded = json.loads((tmp_path / "runs/small/spec.json").read_text(encoding="utf-8"))
    assert recorded["optimizers"]["generator"] == {**recorded["optimizers"]["generator"], "type": "adam", "lr": 1e-2}
    assert "extends" not in recorded
    (tmp_path / "bases" / "small.json").unlink()
    mine.unlink()
    assert here("sample", "runs/small", "--n", "2").exit_code == 0


def from_standard_input(text: str | bytes, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments], input=text)


@pytest.mark.parametrize("command", [["check"], ["train"], []])
def test_a_spec_is_read_from_standard_input(here: Here, small: Small, tmp_path: Path, command: list[str]) -> None:
    done = from_standard_input(json.dumps(small(train={"steps": 1})), *command, "-")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "runs" / "small" / "spec.json").exists() == (command != ["check"])


def test_several_seeds_are_trained_from_standard_input(here: Here, small: Small, tmp_path: Path) -> None:
    done = from_standard_input(json.dumps(small(train={"steps": 1})), "-", "--seeds", "2", "--jobs", "1")
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"small-seed-3", "small-seed-4"}


def test_mistakes_on_standard_input_are_placed(here: Here) -> None:
    for text, message in (
        ('{"name" 3}', 'standard input: 1 problem\n  line 1, column 9: Unexpected "3"'),
        ("name: [", "standard input: 1 problem\n  line 1, column 8: "),
        (b"\xff\xfe", "standard input: 1 problem\n  it is written in UTF-16: save it as UTF-8"),
        ("extends: quickstart\nsed: 3", "spec: 1 problem\n  sed: 'sed' is not a field here"),
    ):
        done = from_standard_input(text, "check", "-")
        assert done.exit_code == 2
        assert done.stderr.startswith(f"error: {message}")


def test_components_of_a_kind_are_listed_in_a_line_each(here: Here) -> None:
    lines = here("components", "schedule").output.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["schedule", "constant"],
        ["schedule", "cosine"],
        ["schedule", "linear"],
    ]
    (strokes,) = [line for line in here("components", "augmentation").output.splitlines() if " strokes " in line]
    assert strokes.endswith("with a random level for each image.")


def test_a_components_fields_are_shown(here: Here) -> None:
    text = here("components", "generator", "pretrained").output
    assert text.startswith("generator pretrained, from the plugin pretrained (gan-run ")
    assert "\n  weights.path    path; required\n                  The .safetensors file" in text
    assert '\n  weights.prefix  text; default ""\n' in text
    toys = json.loads(here("components", "data", "toys", "--json").output)
    assert (toys["distribution"], toys["version"]) == ("gan-run-toys", "1.2")
    (side,) = [field for field in toys["fields"] if field["name"] == "side"]
    assert (side["type"], side["default"]) == ("whole number", "8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["los"], "there is no kind 'los'; did you mean 'loss'? (there is: artifact, "),
        (["loss", "hing"], "no loss is called 'hing'; did you mean 'hinge'? (there is: acgan, "),
        (
            ["infogan-mnist"],
            "'infogan-mnist' is no kind but a component: gan-run components generator infogan-mnist or "
            "gan-run components trunk infogan-mnist",
        ),
    ],
)
def test_a_misspelt_component_is_answered_with_the_nearest(here: Here, words: list[str], message: str) -> None:
    done = here("components", *words)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {message}")


def test_the_name_of_a_recipe_is_a_spec_and_a_file_of_this_name_hides_it(here: Here, tmp_path: Path) -> None:
    resolved = here("check", "--resolved", "infogan-mnist", "--set", "seed=7")
    assert json.loads(resolved.stdout)["seed"] == 7
    assert json.loads(resolved.stdout)["name"] == "infogan-mnist"
    assert "train.steps: it has to be a whole number" in here("infogan-mnist", "--set", "train.steps=many").stderr
    for command in (["train"], ["check"], []):
        assert "did you mean 'infogan-mnist'?" in here(*command, "infogan-mnst").output
    (tmp_path / "infogan-mnist").write_text("{}", encoding="utf-8")
    assert "infogan-mnist: " in here("infogan-mnist").stderr


def completed(*words: str) -> set[str]:
    """What a shell offers for the last word; a kind of files as <file>."""
    items = ShellComplete(main, {}, "gan-run", "_GAN_RUN_COMPLETE").get_completions([*words[:-1]], words[-1])
    return {item.value if item.type == "plain" else f"<{item.type}>" for item in items}


def test_a_shell_completes_commands_files_runs_recipes_and_kinds(here: Here, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "spec.json").write_text("{}", encoding="utf-8")
    (tmp_path / "runs" / "no-run").mkdir()
    (tmp_path / "mine.yaml").write_text("", encoding="utf-8")
    assert completed("sa") == {"sample", "<file>"}
    assert completed("min") == completed("check", "min") == {"<file>"}
    runs = {"runs/a", "runs/b"}
    for words in (["sample"], ["compare", "runs/a"], ["train", "--resume"], ["mine.yaml", "--resume"]):
        assert completed(*words, "") == completed(*words, "runs/") == runs
    assert completed("sample", "runs/b") == {"runs/b"}
    assert completed("sample", "elsewhere/") == {"<dir>"}
    assert completed("init", "infogan-") == {name for name in recipes() if name.startswith("infogan-")}
    assert completed("components", "l") == {"latent", "loss"}
    assert completed("sample", "runs/a", "--checkpoint", "") == {"best", "last"}
    assert completed("nonsense", "") == set()


def test_the_schema_and_a_readers_spec_agree_on_extends(here: Here, registry: Registry, mine: Path) -> None:
    schema = json.loads(here("schema").output)
    assert "quickstart" in schema["$defs"]["Spec"]["properties"]["extends"]["examples"]
    spec = read_spec({"$schema": "gan-run.schema.json", "extends": "quickstart"}, registry=registry)
    assert spec.name == "quickstart"
