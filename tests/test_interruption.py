"""Ctrl-C in a Python program saves a checkpoint; training from Python shows its progress."""

import signal
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from forked import SERVER
from gan_run import RunOptions, Stopped, train, train_seeds
from gan_run.core.run.checkpoint import complete
from gan_run.display.progress import progress
from gan_run.registry.plugins import Registry
from interrupted import Interrupting, interrupted

Small = Callable[..., dict[str, Any]]


def steps_saved(run: Path) -> list[int]:
    return [saved.step for saved in complete(run / "checkpoints")]


def test_a_program_that_is_interrupted_has_saved_a_checkpoint(toys: Path, small: Small, tmp_path: Path) -> None:
    spec = small(train={"checkpoint_every": 100})
    process = SERVER.Process(target=interrupted, args=(str(toys), spec, str(tmp_path)))
    process.start()
    process.join(60)
    assert process.exitcode == 1  # KeyboardInterrupt ends a child of multiprocessing so
    assert steps_saved(tmp_path / "small") == [3]


def test_the_same_call_goes_on_after_an_interruption(small: Small, registry: Registry, tmp_path: Path) -> None:
    said: list[str] = []
    options = RunOptions(callbacks=[Interrupting(3)], notify=said.append, registry=registry)
    with pytest.raises(KeyboardInterrupt, match="stopped after step 3; a checkpoint is saved"):
        train(small(train={"checkpoint_every": 100}), tmp_path, options=options)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    run = train(small(train={"checkpoint_every": 100}), tmp_path, options=options)
    assert said == [f"resuming {run} after step 3"]
    assert steps_saved(run) == [3, 6]


def test_an_interruption_ends_several_runs(small: Small, registry: Registry, tmp_path: Path) -> None:
    options = RunOptions(callbacks=[Interrupting(3)], registry=registry)
    with pytest.raises(KeyboardInterrupt):
        train_seeds(small(), 2, tmp_path, options=options)
    assert [path.name for path in tmp_path.iterdir()] == ["small-seed-3"]


def test_an_interruption_after_the_last_step_is_not_lost(small: Small, registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(small(), tmp_path, options=RunOptions(callbacks=[Interrupting(6)], registry=registry))
    assert (tmp_path / "small" / "evaluation.json").exists()


def test_a_programs_own_handler_and_other_threads_are_left_alone(
    small: Small, registry: Registry, tmp_path: Path
) -> None:
    received: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    try:
        options = RunOptions(callbacks=[Interrupting(3)], stop=lambda: bool(received), registry=registry)
        with pytest.raises(Stopped):
            train(small(), tmp_path / "own", options=options)
    finally:
        signal.signal(signal.SIGINT, before)
    thread = threading.Thread(
        target=train, args=(small(), tmp_path / "thread"), kwargs={"options": RunOptions(registry=registry)}
    )
    thread.start()
    thread.join()
    assert (tmp_path / "thread" / "small" / "evaluation.json").exists()


def test_training_from_python_logs_on_standard_error_unless_it_is_told_not_to(
    small: Small, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(small(), tmp_path / "shown", options=RunOptions(registry=registry))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [line.split()[1] for line in shown.err.splitlines() if line.startswith("step ")] == [
        f"{step}/6" for step in range(1, 7)
    ]
    assert max(map(len, shown.err.splitlines())) <= 100 + len(str(tmp_path))
    train(small(), tmp_path / "quiet", options=RunOptions(registry=registry, progress=False))
    assert capsys.readouterr() == ("", "")


def test_a_notebook_shows_a_bar_that_is_redrawn_in_place(
    small: Small, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, content: str) -> None:
            shown.append(content)

    def display(content: str, display_id: bool) -> Handle:
        assert display_id
        shown.append(content)
        return Handle()

    fake = types.ModuleType("IPython.display")
    vars(fake).update(HTML=str, display=display)
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    with progress(Console(force_jupyter=True)) as bar:
        train(small(), tmp_path, options=RunOptions(callbacks=[bar], progress=False, registry=registry))
    assert shown[0].startswith('<progress value="0" max="6"')
    assert '<progress value="6" max="6"' in shown[-1]
    assert "generator/non-saturating" in shown[-1]
    assert "left" in shown[-1]
