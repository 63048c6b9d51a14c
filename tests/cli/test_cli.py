import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from gan_run.cli import main

GanRun = Callable[..., subprocess.CompletedProcess[str]]


Here = Callable[..., Result]


def times_as_long(command: Callable[[], object], imports: str, rounds: int) -> float:
    """How many times as long a command takes as a Python that only imports something; the fastest of each."""

    def seconds(run: Callable[[], object]) -> float:
        begin = time.perf_counter()
        run()
        return time.perf_counter() - begin

    plain = [sys.executable, "-c", f"import {imports}"]
    measured = [(seconds(command), seconds(lambda: subprocess.run(plain, check=True))) for _ in range(rounds)]
    ours, theirs = (min(column) for column in zip(*measured, strict=True))
    return ours / theirs


def test_help_takes_little_longer_than_what_it_imports(gan_run: GanRun) -> None:
    assert times_as_long(lambda: gan_run("--help"), "click, email.message, importlib.metadata", rounds=3) < 4
    done = gan_run("--help")
    assert done.returncode == 0
    for command in main.commands:
        assert f"  {command}" in done.stdout


def test_each_command_is_in_the_file_of_its_name() -> None:
    for name, command in main.commands.items():
        assert command.callback is not None
        assert command.callback.__module__ == f"gan_run.cli.{name.replace('-', '_')}"


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


def test_a_command_ends_without_seeking_reference_cycles_in_all_that_it_imported(tmp_path: Path) -> None:
    code = """
import atexit, gc
atexit.register(lambda: print("frozen:", gc.get_freeze_count() > 0))
from gan_run.cli import main
main(["init"])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "frozen: True"


def test_the_script_and_the_module_are_the_same_program(gan_run: GanRun, tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("gan-run")
    done = subprocess.run([script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout == gan_run("--help", COLUMNS="80").stdout
    assert done.stdout.startswith("Usage: gan-run ")


@pytest.mark.parametrize(
    ("word", "near"), [("trian", "train"), ("smal.json", "small.json"), ("sample.json", None), ("xyzzy", None)]
)
def test_what_is_neither_a_command_nor_a_file_is_answered_with_the_nearest(
    here: Here, write_spec: Callable[..., Path], word: str, near: str | None
) -> None:
    write_spec()
    done = here(word)
    assert done.exit_code == 2
    assert f"'{word}' is neither a command, a file nor a recipe" in done.output
    if near is not None:
        assert f"did you mean '{near}'?" in done.output


def test_a_missing_file_is_answered_by_the_real_program_too(gan_run: GanRun, write_spec: Callable[..., Path]) -> None:
    write_spec()
    done = gan_run("smal.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'smal.json' is neither a command, a file nor a recipe; did you mean 'small.json'?" in done.stderr
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
    "wrong number": (["train.steps=many"], ["train.steps: it has to be a whole number", "not 'many'"]),
    "missing code": (
        ["losses[1].codes.c3=1"],
        ["losses[1].codes.c3: no latent is called 'c3'; did you mean 'c'?"],
    ),
    "name with ..": (["name=../elsewhere"], ["name: a run's name has letters", "'../elsewhere'"]),
    "labels missing": (
        ["data.labelled=false", 'metrics=[{"type": "cluster-accuracy", "code": "category"}]'],
        ["metrics[0].type: the data has no labels"],
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
    here: Here, write_spec: Callable[..., Path], tmp_path: Path, mistake: str
) -> None:
    overrides, answers = MISTAKES[mistake]
    done = here(write_spec(), *(word for override in overrides for word in ("--set", override)))
    assert (done.exit_code, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith("error: ")
    for answer in answers:
        assert answer in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_mistake_is_answered_soon_by_the_real_program(gan_run: GanRun, write_spec: Callable[..., Path]) -> None:
    answers = []
    command = write_spec(), "--set", "losses[1].codes.c3=1"
    assert times_as_long(lambda: answers.append(gan_run(*command)), "torch, torchvision", rounds=1) < 4
    (done,) = answers
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith("error: ")
    assert "losses[1].codes.c3: no latent is called 'c3'; did you mean 'c'?" in done.stderr


def test_a_mistake_that_shows_without_the_data_is_said_of_the_file(here: Here, write_spec: Callable[..., Path]) -> None:
    path = write_spec()
    for override in (*MISTAKES["misspelt field"][0], *MISTAKES["missing code"][0]):
        assert here(path, "--set", override).output.startswith(f"error: {path}: 1 problem\n")


def test_unreadable_json_is_answered_with_line_and_column(here: Here, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"name": "x",\n "seed": 1,,}')
    done = here("bad.json")
    assert done.exit_code == 2
    assert "bad.json: 1 problem\n  line 2, column 13: Unexpected " in done.output


def test_traceback_is_shown_when_asked_for(forked: GanRun, write_spec: Callable[..., Path]) -> None:
    done = forked("check", write_spec(seed=-1), "--traceback")
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
    forked: GanRun, write_spec: Callable[..., Path], install_plugin: Callable[..., Path], tmp_path: Path
) -> None:
    site = install_plugin(tmp_path / "site", "normed", "3.1", NORMED)
    losses = [{"type": "non-saturating"}, {"type": "normed"}]
    done = forked("check", write_spec(losses=losses), sites=(site,))
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


def test_a_run_whose_loss_turns_nan_ends_with_one(here: Here, write_spec: Callable[..., Path]) -> None:
    losses = [{"type": "non-saturating"}, {"type": "turns-nan", "calls": 4}]
    done = here(write_spec(losses=losses, train={"steps": 9}))
    assert done.exit_code == 1
    assert done.stderr == (
        "error: step 5: the loss discriminator/turns-nan is not finite; "
        "the last good checkpoint is runs/small/checkpoints/step-00000004\n"
    )


def test_train_shows_its_progress_and_where_the_run_is(gan_run: GanRun, write_spec: Callable[..., Path]) -> None:
    done = gan_run(write_spec(), "--set", "train.steps=2", "--out", "elsewhere")
    assert (done.returncode, done.stderr) == (0, "")
    first, one, two, trained, last, *_ = done.stdout.splitlines()
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
    assert "\ndone: runs/small\n" in again.output


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
    assert text.output.startswith(
        f"{path}: good\n  images         48 of 8x8, 1 channel(s), not read: --data reads them\n"
    )
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
