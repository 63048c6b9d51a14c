"""A spec lists callbacks with their options; they are free to differ between a run and the spec that resumes it."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from click.testing import Result

from gan_run import (
    Callback,
    DeclaredCallback,
    Event,
    PluginError,
    RunOptions,
    SpecError,
    StepLogged,
    load,
    resume,
    train,
)
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
NOTES = """
from typing import Literal

from pydantic import Field

from gan_run import Callback, Component, DeclaredCallback, StepLogged, hookimpl


class Notes(DeclaredCallback):
    '''Writes the logged steps to a file.'''

    type: Literal["notes"] = "notes"
    file: str = Field(default="notes.txt", description="The file's name.")

    def build(self) -> Callback:
        return Writer(self.file)


class Writer(Callback):
    def __init__(self, file: str) -> None:
        self.file = file

    def step_logged(self, event: StepLogged) -> None:
        with (event.folder / self.file).open("a") as file:
            file.write(f"{event.step}\\n")


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Notes]
"""


def test_one_is_added_on_the_command_line_with_its_options(
    here: Callable[..., Result], write_spec: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "notes.py").write_text(NOTES)
    chosen = 'callbacks[0]={"type": "notes", "file": "steps.txt"}'
    done = here("train", write_spec(train={"steps": 2}), "--plugin", tmp_path / "notes.py", "--set", chosen)
    assert done.exit_code == 0, done.output
    run = tmp_path / "runs/small"
    assert (run / "steps.txt").read_text() == "1\n2\n"
    assert json.loads((run / "spec.json").read_text())["callbacks"] == [{"type": "notes", "file": "steps.txt"}]

    more = ["--set", "train.steps=3", "--set", "callbacks[0].file=other.txt"]
    done = here("train", "--resume", run, "--plugin", tmp_path / "notes.py", *more)
    assert done.exit_code == 0, done.output
    assert (run / "other.txt").read_text() == "3\n"


class Says(DeclaredCallback):
    """Says the events that it receives."""

    type: Literal["says"] = "says"
    word: str = "seen"

    def build(self) -> Callback:
        if self.word == "nothing":
            raise PluginError("nothing is no word")
        return Speaker(self.word)


SAID: list[str] = []


class Speaker(Callback):
    def __init__(self, word: str) -> None:
        self.word = word

    def handle(self, event: Event) -> None:
        SAID.append(f"{self.word} {event.name} {event.step}")


class GivenSpeaker(Callback):
    def step_logged(self, event: StepLogged) -> None:
        SAID.append(f"given {event.name} {event.step}")


@pytest.fixture
def options(registry: Registry) -> RunOptions:
    SAID.clear()
    with_those = registry.with_components([Says, Ends])
    return RunOptions(callbacks=[GivenSpeaker()], notify=lambda text: None, registry=with_those)


def test_those_of_the_spec_come_in_its_order_before_those_given_to_train(
    small: Small, options: RunOptions, tmp_path: Path
) -> None:
    spec = small(train={"steps": 1}, callbacks=[Says(word="a"), {"type": "says", "word": "b"}])
    train(spec, tmp_path, options=options)
    logged = [line for line in SAID if "step_logged" in line]
    assert logged == ["a step_logged 1", "b step_logged 1", "given step_logged 1"]
    assert [line for line in SAID if line.startswith("a")] == [
        "a run_started 0",
        "a step_logged 1",
        "a checkpoint_saved 1",
        "a run_ended 1",
    ]


def test_a_run_goes_on_with_other_callbacks_and_a_finished_one_is_left_alone(
    small: Small, options: RunOptions, tmp_path: Path
) -> None:
    train(small(train={"steps": 1}), tmp_path, options=options)
    resume(tmp_path / "small", overrides=['callbacks=[{"type": "says"}]', "train.steps=2"], options=options)
    assert next(line for line in SAID if line.startswith("seen")) == "seen run_started 1"
    SAID.clear()
    train(small(train={"steps": 2}, callbacks=[Says(word="c")]), tmp_path, options=options)
    assert SAID == []


def test_an_error_in_build_ends_the_run_before_its_first_step(
    small: Small, options: RunOptions, tmp_path: Path
) -> None:
    with pytest.raises(PluginError, match="nothing is no word"):
        train(small(callbacks=[Says(word="nothing")]), tmp_path, options=options)
    assert SAID == []
    assert not (tmp_path / "small").exists()


def test_a_model_is_loaded_without_the_callback_and_a_run_goes_on_when_it_is_left_out(
    small: Small, options: RunOptions, registry: Registry, tmp_path: Path
) -> None:
    run = train(small(train={"steps": 1}, callbacks=[Says()]), tmp_path, options=options)
    with pytest.warns(UserWarning, match=r"callbacks\[0\]: no callback is called 'says'"):
        load(run, registry=registry)
    without = RunOptions(notify=lambda text: None, registry=registry)
    with pytest.raises(SpecError, match=r"callbacks\[0\]\.type: no callback is called 'says'"):
        resume(run, overrides=["train.steps=2"], options=without)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        resume(run, overrides=["train.steps=2", "callbacks=[]"], options=without)


class Ends(DeclaredCallback):
    """Ends the run."""

    type: Literal["ends"] = "ends"

    def build(self) -> Callback:
        return Ender()


class Ender(Callback):
    def step_logged(self, event: StepLogged) -> None:
        event.end_training()


def test_one_of_the_spec_may_end_the_run_which_goes_on_without_it(
    small: Small, options: RunOptions, tmp_path: Path
) -> None:
    run = train(small(callbacks=[Ends()]), tmp_path, options=options)
    assert json.loads((run / "evaluation.json").read_text())["step"] == 1
    SAID.clear()
    assert train(small(callbacks=[Ends()]), tmp_path, options=options) == run
    assert SAID == []
    train(small(), tmp_path, options=options)
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert (evaluation["step"], evaluation["metrics"]) == (6, [])
    assert "ended_early" not in evaluation
