"""A callback or a plugin's hook that fails neither ends a run nor silences the others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_run import (
    AlarmRaised,
    ArtifactRendered,
    Callback,
    CheckpointSaved,
    Event,
    MetricMeasured,
    RunEnded,
    RunOptions,
    RunStarted,
    StepLogged,
    train,
)
from gan_run.core.run.dispatcher import Dispatcher
from gan_run.registry.plugins import Registry, load_plugins

Small = Callable[..., dict[str, Any]]
EVENTS = (RunStarted, StepLogged, MetricMeasured, ArtifactRendered, CheckpointSaved, RunEnded)
EVALUATED = {"metrics": [{"type": "loudness"}], "artifacts": [{"type": "samples", "rows": 1}]}


class Recorder(Callback):
    """Every event, of whatever kind."""

    def __init__(self) -> None:
        self.seen: list[Event] = []

    def handle(self, event: Event) -> None:
        self.seen.append(event)


class Failing(Callback):
    """Fails in one kind of event."""

    def __init__(self, name: str) -> None:
        self.calls = 0
        self._name = name

    def handle(self, event: Event) -> None:
        if event.name == self._name:
            self.calls += 1
            raise RuntimeError("no network")


def test_every_event_has_a_method_of_its_name() -> None:
    for event in (*EVENTS, AlarmRaised):
        assert callable(getattr(Callback, event.name))


@pytest.mark.parametrize("event", EVENTS)
def test_a_callback_that_fails_is_warned_about_once_and_the_run_is_finished(
    small: Small, registry: Registry, tmp_path: Path, event: type[Event]
) -> None:
    failing, after = Failing(event.name), Recorder()
    options = RunOptions(callbacks=[failing, after], notify=lambda text: None, registry=registry)
    with pytest.warns(UserWarning, match=f"callback Failing failed in {event.name}: RuntimeError: no network") as found:
        folder = train(small(**EVALUATED), tmp_path, options=options)
    assert len(found) == 1
    assert failing.calls == 1
    assert [type(seen) for seen in after.seen].count(StepLogged) == 6
    assert isinstance(after.seen[-1], RunEnded)
    assert after.seen[-1].error is None
    assert (folder / "evaluation.json").exists()


def test_an_interrupt_passes_and_the_end_is_sent_even_if_it_comes_at_the_start(
    small: Small, registry: Registry, tmp_path: Path
) -> None:
    class Interrupts(Callback):
        def run_started(self, event: RunStarted) -> None:
            raise KeyboardInterrupt

    after = Recorder()
    options = RunOptions(callbacks=[Interrupts(), after], notify=lambda text: None, registry=registry)
    with pytest.raises(KeyboardInterrupt):
        train(small(), tmp_path, options=options)
    (ended,) = after.seen
    assert isinstance(ended, RunEnded)
    assert isinstance(ended.error, KeyboardInterrupt)


def test_a_class_in_place_of_a_callback_is_refused() -> None:
    with pytest.raises(ValueError, match=r"callbacks: <class .*Callback'> is no instance of a subclass of Callback"):
        RunOptions(callbacks=[Callback])  # type: ignore[list-item]  # the mistake


def nothing() -> Any: ...


def test_two_callbacks_of_one_class_are_warned_about_apart() -> None:
    both = Dispatcher([Failing("run_ended"), Failing("run_ended")])
    ended = RunEnded(
        folder=Path(), step=0, steps=1, error=None, model=nothing, end_training=nothing, report_alarm=nothing
    )
    with pytest.warns(UserWarning, match="callback Failing") as found:
        both.send(ended)
    assert len(found) == 2
    both.send(ended)  # a second warning would be an error here


FLAKY = """
from gan_run import hookimpl

@hookimpl
def gan_run_step_logged(event):
    raise ConnectionError("no route")
"""

STEADY = """
from gan_run import hookimpl

SEEN = []

@hookimpl
def gan_run_step_logged(event):
    SEEN.append(event.step)
"""


def test_a_plugin_whose_hook_fails_is_named_and_the_other_plugins_hooks_are_called(
    small: Small,
    toys: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    install_plugin: Callable[..., Path],
) -> None:
    monkeypatch.syspath_prepend(toys)
    # pluggy calls the last that was registered first: one of these two comes after the one that fails.
    for name, code in (("a-steady", STEADY), ("flaky", FLAKY), ("z-steady", STEADY)):
        monkeypatch.syspath_prepend(install_plugin(tmp_path / "site", name, "2.3", code))
    registry = load_plugins()
    options = RunOptions(notify=lambda text: None, registry=registry)
    message = r"plugin flaky \(flaky 2\.3\) failed in step_logged: ConnectionError: no route"
    with pytest.warns(UserWarning, match=message) as found:
        train(small(train={"steps": 3}), tmp_path, options=options)
    assert len(found) == 1
    for name in ("a-steady", "z-steady"):
        assert registry.manager.get_plugin(f"{name}:{name}").SEEN == [1, 2, 3]
