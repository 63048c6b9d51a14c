"""Plugins that are one file, and classes that are none."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from click.testing import Result
from torch import Tensor

from gan_run import (
    Loss,
    LossContext,
    LossTerm,
    PluginError,
    RunOptions,
    SpecError,
    UpdateContext,
    load,
    read_spec,
    resume,
    train,
)
from gan_run.registry.plugins import load_plugins

Here = Callable[..., Result]


def quiet(**fields: Any) -> RunOptions:
    return RunOptions(notify=lambda text: None, **fields)


CODE = '''
from typing import Literal
from torch import Tensor
from gan_run import Component, Loss, LossContext, LossTerm, UpdateContext, hookimpl


class Mine(Loss):
    """Mine."""

    type: Literal["mine"] = "mine"

    def build(self, context: LossContext) -> LossTerm:
        return MineTerm()


class MineTerm(LossTerm):
    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return update.fake_output.logits.mean() - update.real_output.logits.mean()

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return -update.fake_output.logits.mean()


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Mine]
'''


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(CODE, encoding="utf-8")
    return path


def test_a_file_is_a_plugin_of_its_own_name_and_a_digest_of_what_it_says(mine: Path) -> None:
    registry = load_plugins(files=[mine])
    assert "mine" in registry.catalogue.names("loss")
    assert registry.versions()["mine.py"] == f"sha256:{hashlib.sha256(CODE.encode()).hexdigest()}"
    (plugin,) = [plugin for plugin in registry.plugins if plugin.name == "mine"]
    assert plugin.components == ("loss:mine",)
    assert "mine" not in load_plugins().catalogue.names("loss")


def test_a_name_that_is_taken_is_chosen_by_the_files(mine: Path) -> None:
    mine.write_text(CODE.replace('"mine"', '"minimax"'), encoding="utf-8")
    names = load_plugins(files=[mine]).catalogue.names("loss")
    assert {"mine.py:minimax", "gan-run:minimax"} <= set(names)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise RuntimeError('no')", "RuntimeError: no"),
        ("def", "SyntaxError"),
        ("x = 1", "adds nothing: it needs a gan_run_components"),
        (CODE.replace("gan_run_components", "gan_run_componets"), "there is no hook called gan_run_componets"),
        (CODE.replace("[Mine]", "[MineTerm]"), "is no component class"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_that_names_it(mine: Path, code: str, message: str) -> None:
    mine.write_text(code, encoding="utf-8")
    with pytest.raises(PluginError) as refused:
        load_plugins(files=[mine])
    assert str(mine) in str(refused.value)
    assert message in str(refused.value)


def test_a_file_that_has_only_lifecycle_hooks_is_used(
    write_spec: Callable[..., Path], here: Here, tmp_path: Path
) -> None:
    hooks = tmp_path / "hooks.py"
    hooks.write_text(
        "from gan_run import hookimpl\n\n@hookimpl\ndef gan_run_run_ended(event):\n    print('ended at', event.step)\n"
    )
    done = here(write_spec(train={"steps": 2}), "--plugin", hooks)
    assert done.exit_code == 0, done.stderr
    assert "ended at 2\n" in done.stdout
    (plugin,) = [plugin for plugin in load_plugins(files=[hooks]).plugins if plugin.name == "hooks"]
    assert plugin.hooks == ("gan_run_run_ended",)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"none\.py: No such file"):
        load_plugins(files=[tmp_path / "none.py"])


def test_a_run_keeps_the_file_and_the_model_wants_it_again(
    mine: Path, write_spec: Callable[..., Path], here: Here, tmp_path: Path
) -> None:
    spec = write_spec(losses=[{"type": "mine"}], train={"steps": 2})
    assert here(spec, "--plugin", mine).exit_code == 0
    run = tmp_path / "runs" / "small"
    kept = run / "plugins" / "mine.py"
    assert kept.read_text(encoding="utf-8") == CODE
    (stretch,) = json.loads((run / "environment.json").read_text(encoding="utf-8"))["stretches"]
    assert stretch["plugins"]["mine.py"].startswith("sha256:")

    without = here("sample", run)
    assert without.exit_code == 2
    assert "losses[0].type: no loss is called 'mine'" in without.stderr
    assert f"this run was trained with --plugin {run / 'plugins' / 'mine.py'}" in without.stderr
    assert here("sample", run, "--n", "2", "--plugin", kept).exit_code == 0


def test_a_run_goes_on_with_the_file_it_began_with_and_no_other(
    mine: Path, small: Callable[..., dict[str, Any]], toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(toys)
    spec = small(losses=[{"type": "mine"}], train={"steps": 2})
    run = train(spec, tmp_path, options=quiet(registry=load_plugins(files=[mine])))
    mine.write_text(CODE.replace("-update.fake_output", "-2 * update.fake_output"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.py is not what it was when this run began"):
        resume(run, overrides=["train.steps=3"], options=quiet(registry=load_plugins(files=[mine])))
    with pytest.warns(UserWarning, match=r"mine\.py is not what it was when .* was trained"):
        load(run, registry=load_plugins(files=[mine]))
    kept = load_plugins(files=[str(run / "plugins" / "mine.py")])
    assert resume(run, overrides=["train.steps=3"], options=quiet(registry=kept)) == run


def test_a_file_may_change_while_no_checkpoint_depends_on_it(
    mine: Path, small: Callable[..., dict[str, Any]], toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(toys)
    spec = small(losses=[{"type": "mine"}], train={"steps": 2})
    mine.write_text(CODE.replace("-update.fake_output", "-update.misspelt"), encoding="utf-8")
    with pytest.raises(AttributeError, match="misspelt"):
        train(spec, tmp_path, options=quiet(registry=load_plugins(files=[mine])))
    mine.write_text(CODE, encoding="utf-8")
    run = train(spec, tmp_path, options=quiet(registry=load_plugins(files=[mine])))
    assert run == tmp_path / "small"
    assert (run / "plugins" / "mine.py").read_text(encoding="utf-8") == CODE


def test_the_command_that_goes_on_names_the_file(mine: Path, write_spec: Callable[..., Path], here: Here) -> None:
    stop = "import os, signal\n\n@hookimpl\ndef gan_run_step_logged(event):\n    os.kill(os.getpid(), signal.SIGINT)\n"
    mine.write_text(CODE + stop, encoding="utf-8")
    done = here(write_spec(losses=[{"type": "mine"}]), "--plugin", mine, "-p", "no:svhn")
    assert done.exit_code == 130, done.output
    assert done.output.endswith(f"  gan-run train --resume runs/small -p no:svhn --plugin {mine}\n")


HOOKS = "from gan_run import hookimpl\n\n@hookimpl\ndef gan_run_run_ended(event):\n    event.folder\n"


def test_a_file_that_does_not_decide_the_weights_may_change_or_be_left_out_and_that_is_said(
    small: Callable[..., dict[str, Any]], toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(toys)
    file, said = tmp_path / "hooks.py", list[str]()

    def options(*files: Path) -> RunOptions:
        return RunOptions(notify=said.append, registry=load_plugins(files=files))

    file.write_text(HOOKS, encoding="utf-8")
    run = train(small(train={"steps": 2}), tmp_path, options=options(file))
    kept = run / "plugins" / "hooks.py"

    file.write_text(HOOKS.replace("folder", "step"), encoding="utf-8")
    resume(run, overrides=["train.steps=3"], options=options(file))
    assert (
        f"{file} is not what it was when this run began; the run continues with it, since it has decided no weights"
        in said
    )
    assert "event.step" in kept.read_text(encoding="utf-8")

    resume(run, overrides=["train.steps=4"], options=options())
    assert f"this run was trained with --plugin {kept} so far, and continues without it" in said


def test_a_file_that_is_given_twice_is_loaded_once(mine: Path) -> None:
    registry = load_plugins(files=[mine, mine.parent / "." / "mine.py"])
    assert registry.files == (mine,)
    assert "mine" in registry.catalogue.names("loss")


def test_two_files_of_one_name_are_refused(mine: Path) -> None:
    (mine.parent / "other").mkdir()
    other = mine.parent / "other" / "mine.py"
    other.write_text(CODE, encoding="utf-8")
    with pytest.raises(PluginError, match=rf"{other} and {mine} have one name"):
        load_plugins(files=[mine, other])


class Other(Loss):
    """The hinge, without a margin."""

    type: Literal["other"] = "other"

    def build(self, context: LossContext) -> LossTerm:
        return OtherTerm()


class OtherTerm(LossTerm):
    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return update.fake_output.logits.relu().mean() + (-update.real_output.logits).relu().mean()

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return -update.fake_output.logits.mean()


def test_a_class_in_hand_will_do(
    small: Callable[..., dict[str, Any]], toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(toys)
    spec = small(losses=[{"type": "other"}], train={"steps": 2})
    run = train(spec, tmp_path, options=quiet(components=[Other]))
    assert load(run, components=[Other]).sample(2).isfinite().all()
    assert isinstance(read_spec(spec, components=[Other]).losses[0], Other)
    with pytest.raises(SpecError, match="no loss is called 'other'"):
        load(run)
    with pytest.raises(PluginError, match="is no component class"):
        train(spec, tmp_path, options=quiet(components=[OtherTerm]))  # type: ignore[list-item]  # the mistake
    assert torch.is_tensor(load(run, components=[Other]).sample(1))
