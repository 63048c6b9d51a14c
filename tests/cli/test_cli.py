import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from gan_run import RunOptions, load, train
from gan_run.cli import main
from gan_run.registry.plugins import Registry

GanRun = Callable[..., subprocess.CompletedProcess[str]]
Here = Callable[..., Result]

UNHURRIED = 15
"""Seconds that a mistake may take to be answered on a machine that is busy with other things; 3 is usual."""


@pytest.fixture
def here(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """here("sample", run, …) runs the command line in this process, where no process of its own is to be shown."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return run


@pytest.fixture(scope="module")
def run(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run. Its fields differ from the defaults, so that each is seen to be read."""
    spec = {
        "name": "small",
        "data": {"type": "toys"},
        "latents": {
            "z": {"type": "gaussian", "count": 4},
            "category": {"type": "categorical", "classes": 3},
            "c": {"type": "uniform"},
        },
        "generator": {"type": "mlp", "hidden": [12]},
        "discriminator": {"trunk": {"type": "mlp", "hidden": [10]}, "head": {"type": "linear"}},
        "losses": [{"type": "non-saturating"}, {"type": "mutual-information", "codes": {"category": 1.0, "c": 1.0}}],
        "optimizers": {
            "generator": {"type": "adam", "lr": 1e-2},
            "discriminator": {"type": "adam", "lr": 1e-2},
        },
        "train": {"steps": 4, "batch_size": 8, "checkpoint_every": 2, "device": "cpu"},
        "metrics": [{"type": "loudness"}],
    }
    out = tmp_path_factory.mktemp("runs")
    return train(spec, out, options=RunOptions(notify=lambda text: None, registry=registry))


# --- Before anything is imported.


def test_help_answers_at_once(gan_run: GanRun, record_property: Callable[[str, object], None]) -> None:
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        done = gan_run("--help")
        seconds.append(time.perf_counter() - begin)
        assert done.returncode == 0
    record_property("seconds", min(seconds))
    print(f"--help: {min(seconds):.2f} s")
    assert min(seconds) < 0.5
    for command in main.commands:
        assert f"  {command}" in done.stdout


def test_the_command_line_does_not_import_torch_before_a_command_needs_it(tmp_path: Path) -> None:
    code = """
import sys
from click.testing import CliRunner
from gan_run.cli import main
for arguments in (["--help"], ["--version"], ["train", "--help"], ["init"], ["nonsense"]):
    CliRunner().invoke(main, arguments)
slow = {"torch", "numpy", "matplotlib", "scipy", "sklearn", "pydantic"} & sys.modules.keys()
assert not slow, slow
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_script_and_the_module_are_the_same_program(gan_run: GanRun, tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("gan-run")
    done = subprocess.run([script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout == gan_run("--help", COLUMNS="80").stdout
    assert done.stdout.startswith("Usage: gan-run ")


# --- Mistakes.


@pytest.mark.parametrize(
    ("word", "near"), [("trian", "train"), ("smal.json", "small.json"), ("sample.json", None), ("xyzzy", None)]
)
def test_what_is_neither_a_command_nor_a_file_is_answered_with_the_nearest(
    here: Here, write_spec: Callable[..., Path], word: str, near: str | None
) -> None:
    write_spec()
    done = here(word)
    assert done.exit_code == 2
    assert f"'{word}' is neither a command nor a file" in done.output
    if near is not None:
        assert f"did you mean '{near}'?" in done.output


def test_a_missing_file_is_answered_by_the_real_program_too(gan_run: GanRun, write_spec: Callable[..., Path]) -> None:
    write_spec()
    done = gan_run("smal.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'smal.json' is neither a command nor a file; did you mean 'small.json'?" in done.stderr
    assert "Traceback" not in done.stderr


MISTAKES: dict[str, tuple[list[str], list[str]]] = {
    "unknown type": (
        ["losses[0].type=non-saturatng"],
        ["losses[0].type: no loss is called 'non-saturatng'; did you mean 'non-saturating'?"],
    ),
    "misspelt field": (
        ["optimizers.generator.bettas=[0, 0.9]"],
        ["optimizers.generator.bettas: 'bettas' is not a field here; did you mean 'betas'?"],
    ),
    "wrong number": (["train.steps=many"], ["train.steps: Input should be a valid integer", "not 'many'"]),
    "missing code": (
        ["losses[1].codes.c3=1"],
        ["losses[1].codes.c3: no latent is called 'c3'; did you mean 'c'?"],
    ),
    "name with ..": (["name=../elsewhere"], ["name: String should match pattern", "'../elsewhere'"]),
    "labels missing": (
        ["data.labelled=false", 'metrics=[{"type": "cluster-accuracy", "code": "category"}]'],
        ["metrics[0].type: the data has no labels to compare with"],
    ),
    "image size": (
        ['generator={"type": "infogan-mnist"}'],
        ["generator.type: this network is for 28x28 images, and the data has 8x8"],
    ),
    "device": (["train.device=abacus"], ["train.device: 'abacus' cannot be used here"]),
    "validation": (["data.validation=48"], ["data.validation: 48 leaves none of 48 training images"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_spec_is_answered_with_place_cause_and_nearest_name(
    gan_run: GanRun, write_spec: Callable[..., Path], tmp_path: Path, mistake: str
) -> None:
    overrides, answers = MISTAKES[mistake]
    begin = time.perf_counter()
    done = gan_run(write_spec(), *(word for override in overrides for word in ("--set", override)))
    seconds = time.perf_counter() - begin
    print(f"{mistake}: {seconds:.1f} s")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith("error: ")
    for answer in answers:
        assert answer in done.stderr
    assert "Traceback" not in done.stderr
    assert seconds < UNHURRIED
    assert not (tmp_path / "runs").exists()


def test_a_mistake_that_shows_without_the_data_is_said_of_the_file(here: Here, write_spec: Callable[..., Path]) -> None:
    path = write_spec()
    for override in (*MISTAKES["misspelt field"][0], *MISTAKES["missing code"][0]):
        assert here(path, "--set", override).output.startswith(f"error: {path}: 1 problem(s)\n")


def test_unreadable_json_is_answered_with_line_and_column(here: Here, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"name": "x",\n "seed": 1,,}')
    done = here("bad.json")
    assert done.exit_code == 2
    assert "bad.json: 1 problem(s)\n  line 2, column 12: " in done.output


def test_traceback_is_shown_when_asked_for(gan_run: GanRun, write_spec: Callable[..., Path]) -> None:
    done = gan_run("check", write_spec(seed=-1), "--traceback")
    assert done.returncode != 0
    assert "Traceback (most recent call last)" in done.stderr
    assert "SpecError" in done.stderr


NORMED = """
from typing import Literal
from torch import Tensor, nn
from gan_run import Loss, LossContext, LossTerm, UpdateContext, hookimpl

class Normed(Loss):
    type: Literal["normed"] = "normed"

    def build(self, context: LossContext) -> LossTerm:
        return NormedTerm()

class NormedTerm(LossTerm):
    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return nn.BatchNorm1d(1)(update.real_output.logits[:1, None]).mean()

@hookimpl
def gan_run_components():
    return [Normed]
"""


def test_a_bug_in_a_plugin_is_shown_with_its_traceback_and_the_plugin(
    gan_run: GanRun, write_spec: Callable[..., Path], install_plugin: Callable[..., Path], tmp_path: Path
) -> None:
    site = install_plugin(tmp_path / "site", "normed", "3.1", NORMED)
    losses = [{"type": "non-saturating"}, {"type": "normed"}]
    done = gan_run("check", write_spec(losses=losses), sites=(site,))
    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stderr
    assert "ValueError: Expected more than 1 value per channel" in done.stderr
    assert "in discriminator_loss" in done.stderr
    assert done.stderr.endswith("This was raised in the plugin normed (normed 3.1).\n")


def test_neither_a_spec_nor_a_run_and_both_are_refused(here: Here, write_spec: Callable[..., Path], run: Path) -> None:
    for arguments in (("train",), ("train", write_spec(), "--resume", run)):
        done = here(*arguments)
        assert done.exit_code == 2
        assert "give either a SPEC or --resume RUN" in done.output


def test_a_run_whose_loss_turns_nan_ends_with_one(gan_run: GanRun, write_spec: Callable[..., Path]) -> None:
    losses = [{"type": "non-saturating"}, {"type": "turns-nan", "calls": 4}]
    done = gan_run(write_spec(losses=losses, train={"steps": 9}))
    assert done.returncode == 1
    assert done.stderr == (
        "error: step 5: the loss discriminator/turns-nan is not finite; "
        "the last good checkpoint is runs/small/checkpoints/step-00000004\n"
    )


# --- train, check and init.


def test_train_shows_its_progress_and_where_the_run_is(gan_run: GanRun, write_spec: Callable[..., Path]) -> None:
    done = gan_run(write_spec(), "--set", "train.steps=2", "--out", "elsewhere")
    assert (done.returncode, done.stderr) == (0, "")
    first, one, two, trained, last = done.stdout.splitlines()
    assert first == "training elsewhere/small to step 2 on cpu in fp32"
    assert one.startswith("step 1/2  ")
    assert "generator/non-saturating" in two
    assert (trained, last) == ("trained 2 steps", "done: elsewhere/small")


def test_train_fresh_says_where_the_old_run_went(here: Here, write_spec: Callable[..., Path]) -> None:
    path = write_spec(train={"steps": 1})
    assert here(path).exit_code == 0
    done = here("train", path, "--fresh")
    assert done.exit_code == 0
    assert "moved the old run to runs/small.old-1\n" in done.output
    again = here("train", path)
    assert "runs/small is finished: nothing to do" in again.output
    assert again.output.endswith("done: runs/small\n")


def test_check_tells_what_a_spec_comes_to_and_leaves_nothing(here: Here, write_spec: Callable[..., Path]) -> None:
    path = write_spec()
    done = here("check", path, "--json")
    assert done.exit_code == 0
    report = json.loads(done.output)
    hidden, latents, pixels = 12, 4 + 3 + 1, 64
    assert report["parameters"]["generator"] == latents * hidden + hidden + hidden * pixels + pixels
    assert report["codes"] == ["category", "c"]
    assert report["entropy"]["category"] == pytest.approx(np.log(3))
    assert report["entropy"]["c"] == pytest.approx(np.log(2))
    assert report["flops"] > 0
    assert report["losses"]["generator/non-saturating"] > 0
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]

    text = here("check", path)
    assert text.output.startswith(f"{path}: good\n  images         48 of 8x8, 1 channel(s)\n")
    assert "category       H(c) = 1.099 nats  (a code)" in text.output


def test_check_finds_a_players_optimiser_missing(here: Here, write_spec: Callable[..., Path]) -> None:
    done = here("check", write_spec(optimizers={"generator": {"type": "adam", "lr": 1e-3}}))
    assert done.exit_code == 2
    assert "optimizers: the player 'discriminator' has none" in done.output


def test_init_lists_the_recipes_with_a_line_each(here: Here) -> None:
    done = here("init")
    assert done.exit_code == 0
    lines = dict(line.split(maxsplit=1) for line in done.output.splitlines())
    recipes = {item.name.removesuffix(".json"): item for item in files("gan_run.examples").iterdir()}
    assert lines.keys() == {name for name, item in recipes.items() if item.name.endswith(".json")}
    assert all(lines.values())


def test_init_writes_a_spec_that_is_the_recipes_file(here: Here) -> None:
    done = here("init", "quickstart")
    assert done.exit_code == 0
    assert done.output == (files("gan_run.examples") / "quickstart.json").read_text(encoding="utf-8")


def test_init_of_no_recipe_is_answered_with_the_nearest(here: Here) -> None:
    done = here("init", "quikstart")
    assert done.exit_code == 2
    assert "there is no recipe 'quikstart'; did you mean 'quickstart'?" in done.output


# --- Looking at a run.


def test_sample_writes_a_grid_and_an_array_of_the_same_images(
    here: Here, run: Path, tmp_path: Path, registry: Registry
) -> None:
    done = here("sample", run, "--n", "6", "--code", "category=2", "--seed", "5")
    assert (done.exit_code, done.output) == (0, "samples.png\n")
    done = here("sample", run, "--n", "6", "--code", "category=2", "--seed", "5", "--out", "deep/down.npz")
    assert (done.exit_code, done.output) == (0, "deep/down.npz\n")
    with np.load(tmp_path / "deep/down.npz", allow_pickle=False) as file:
        images = file["images"]
    assert (images.shape, images.dtype) == ((6, 1, 8, 8), np.uint8)
    expected = load(run, registry=registry).sample(6, seed=5, category=2)
    assert np.array_equal(images, ((expected + 1) * 127.5).round().clamp(0, 255).byte().numpy())

    # Three columns of cells of 8 pixels, each magnified 7 times, with 2 between and around.
    with Image.open(tmp_path / "samples.png") as picture:
        grid = np.asarray(picture.convert("L"))
    assert grid.shape == (2 + 2 * 58, 2 + 3 * 58)
    assert np.array_equal(grid[2:58:7, 2:58:7], images[0, 0])
    assert np.array_equal(grid[60:116:7, 118:174:7], images[5, 0])


def test_sample_takes_its_format_from_the_option_first(here: Here, run: Path, tmp_path: Path) -> None:
    assert here("sample", run, "--format", "npz").output == "samples.npz\n"
    assert here("sample", run, "--format", "png", "--out", "x.npz").exit_code == 0
    assert (tmp_path / "x.npz").read_bytes().startswith(b"\x89PNG")


def test_sample_of_another_step_is_of_another_model(here: Here, run: Path, tmp_path: Path) -> None:
    for step in ("2", "4"):
        assert here("sample", run, "--step", step, "--out", f"{step}.npz").exit_code == 0
    with np.load(tmp_path / "2.npz") as two, np.load(tmp_path / "4.npz") as four:
        assert two["images"].shape == four["images"].shape
        assert not np.array_equal(two["images"], four["images"])
    done = here("sample", run, "--step", "3")
    assert done.exit_code == 2
    assert "has no checkpoint at step 3: there are 2, 4" in done.output


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("categry=1", "no code is called 'categry'; did you mean 'category'?"),
        ("category=3", "category=3: 3 is not a category: they are 0 to 2"),
        ("category=-1", "category=-1: -1 is not a category: they are 0 to 2"),
        ("category=0.5", "category=0.5: 0.5 is not a category: they are 0 to 2"),
        ("category=inf", "category=inf: inf is not a category: they are 0 to 2"),
        ("category=nan", "category=nan: nan is not a category: they are 0 to 2"),
        ("z=1", "no code is called 'z' (there is: c, category, z[0], z[1], z[2], z[3])"),
        ("z[4]=1", "no code is called 'z[4]'; did you mean 'z["),
        ("c", "--code c: it is written as NAME=VALUE"),
        ("c=high", "c=high: it is written as NAME=NUMBER"),
    ],
)
def test_sample_refuses_a_code_that_is_none(here: Here, run: Path, tmp_path: Path, code: str, answer: str) -> None:
    done = here("sample", run, "--code", code)
    assert done.exit_code == 2
    assert answer in done.output
    assert not (tmp_path / "samples.png").exists()


def test_what_is_no_run_is_answered(here: Here, tmp_path: Path) -> None:
    for command in ("sample", "traverse", "evaluate"):
        done = here(command, tmp_path)
        assert done.exit_code == 2
        assert "is no run folder: it has no spec.json" in done.output


def test_traverse_writes_a_strip_for_every_code(here: Here, run: Path, tmp_path: Path) -> None:
    done = here("traverse", run, "--out", "strips", "--steps", "4", "--rows", "2")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == ["strips/traversal-category.png", "strips/traversal-c.png"]
    widths = []
    for line in done.output.splitlines():
        with Image.open(tmp_path / line) as picture:
            widths.append(picture.width)
    assert widths[0] < widths[1]  # three categories, four steps
    one = here("traverse", run, "--code", "c", "--low", "-2", "--high", "2", "--out", "one")
    assert one.output.splitlines() == ["one/traversal-c.png"]


def test_traverse_of_an_unknown_code_is_refused(here: Here, run: Path, tmp_path: Path) -> None:
    done = here("traverse", run, "--code", "cc", "--out", "strips")
    assert done.exit_code == 2
    assert "no code is called 'cc'; did you mean 'c'?" in done.output
    assert not (tmp_path / "strips").exists()


def test_evaluate_measures_again_what_the_run_found(here: Here, run: Path) -> None:
    done = here("evaluate", run, "--json")
    assert done.exit_code == 0
    assert json.loads(done.output) == json.loads((run / "evaluation.json").read_text())
    text = here("evaluate", run)
    assert text.output.startswith('loudness after 4 steps\n{\n  "mean": ')


def test_evaluate_measures_another_checkpoint_and_other_metrics(here: Here, run: Path) -> None:
    before = (run / "evaluation.json").read_bytes()
    earlier = here("evaluate", run, "--step", "2", "--json", "--set", 'metrics=[{"type": "loudness"}]')
    assert json.loads(earlier.output)["step"] == 2
    assert json.loads(earlier.output)["metrics"] != json.loads(before)["metrics"]
    nan = here("evaluate", run, "--json", "--set", "metrics[0].found=nan")
    assert json.loads(nan.output)["metrics"][0]["found"]["mean"] is None
    assert "NaN" not in nan.output
    assert (run / "evaluation.json").read_bytes() == before


@pytest.mark.parametrize(
    ("override", "answer"),
    [
        ('metrics=[{"type": "cluster-accuracy", "code": "categry"}]', "metrics[0].code: no latent is called 'categry'"),
        ('metrics=[{"type": "loudnes"}]', "metrics[0].type: no metric is called 'loudnes'; did you mean 'loudness'?"),
        ("metrics[0].every=0", "metrics[0].every: Input should be greater than or equal to 1"),
    ],
)
def test_evaluate_answers_a_mistake_with_its_place(here: Here, run: Path, override: str, answer: str) -> None:
    done = here("evaluate", run, "--set", override)
    assert done.exit_code == 2
    assert answer in done.output


# --- What is installed.


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
