"""`train.on_nan: rollback`: back to the last good checkpoint, with other random numbers."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from gan_run import (
    Callback,
    CheckpointSaved,
    Loss,
    LossContext,
    LossTerm,
    RunEnded,
    RunOptions,
    RunStarted,
    Stopped,
    TrainingError,
    UpdateContext,
    train,
)
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
Options = Callable[..., RunOptions]


class Unlucky(Loss):
    """NaN in each step that draws a number above `above`."""

    type: Literal["unlucky"] = "unlucky"
    above: float

    def build(self, context: LossContext) -> LossTerm:
        return UnluckyTerm(self.above)


class UnluckyTerm(LossTerm):
    def __init__(self, above: float) -> None:
        super().__init__()
        self._above = above

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return update.fake_output.logits.mean() * torch.where(torch.rand(()) > self._above, torch.nan, 0.0)


class Keeps(Callback):
    """The steps at which training began, the errors with which it ended, and the checkpoints' steps."""

    def __init__(self) -> None:
        self.began: list[int] = []
        self.ended: list[str] = []
        self.saved: list[int] = []

    def run_started(self, event: RunStarted) -> None:
        self.began.append(event.step)

    def checkpoint_saved(self, event: CheckpointSaved) -> None:
        self.saved.append(event.step)

    def run_ended(self, event: RunEnded) -> None:
        self.ended.append(type(event.error).__name__)


@pytest.fixture
def spec(small: Small) -> Callable[..., dict[str, Any]]:
    """spec(seed=3, rollbacks=9, …) is one whose loss is NaN in one step of ten or so."""

    def make(**train_fields: Any) -> dict[str, Any]:
        losses = [{"type": "non-saturating"}, {"type": "unlucky", "above": 0.9}]
        fields = {"steps": 40, "checkpoint_every": 4, "on_nan": "rollback", "rollbacks": 20, **train_fields}
        return small(losses=losses, train=fields)

    return make


@pytest.fixture
def options(registry: Registry) -> Options:
    plugins = registry.with_components([Unlucky])

    def make(**fields: Any) -> RunOptions:
        return RunOptions(**{"registry": plugins, "progress": False, "notify": lambda text: None, **fields})

    return make


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def without_times(run: Path) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key not in ("time", "crc32")} for line in lines(run)]


def weights(run: Path) -> bytes:
    return (run / "checkpoints/step-00000040/model.safetensors").read_bytes()


def test_it_goes_back_and_on_and_logs_each_return_once(
    spec: Callable[..., dict[str, Any]], options: Options, tmp_path: Path
) -> None:
    keeps, said = Keeps(), list[str]()
    run = train(spec(), tmp_path, options=options(callbacks=[keeps], notify=said.append))
    returns = [line["rollback"] for line in lines(run) if "rollback" in line]
    assert len(returns) > 2
    assert [each["number"] for each in returns] == list(range(1, len(returns) + 1))
    assert {each["what"] for each in returns} == {"the loss generator/unlucky"}
    assert all(each["to"] < each["at"] for each in returns)
    # Every step is logged once, in order, whatever was abandoned.
    assert [line["step"] for line in lines(run) if "rollback" not in line] == list(range(1, 41))
    assert keeps.began == [0, *(each["to"] for each in returns)]
    assert keeps.ended == [*["TrainingError"] * len(returns), "NoneType"]
    assert keeps.saved == sorted({*keeps.saved})
    told = [text for text in said if "going back to step" in text]
    assert told[0].startswith(
        f"the loss generator/unlucky was not finite at step {returns[0]['at']}: going back to step"
    )
    assert len(told) == len(returns)
    history = json.loads((run / "environment.json").read_text())["stretches"]
    assert len(history) == 1


@pytest.mark.parametrize("every", [2, 7, 17])
@pytest.mark.parametrize("keep", [1, 2])
def test_a_run_that_is_stopped_and_resumed_ends_with_the_same_bytes(
    spec: Callable[..., dict[str, Any]], options: Options, tmp_path: Path, every: int, keep: int
) -> None:
    whole = train(spec(keep=keep), tmp_path / "whole", options=options())
    taken = 0

    def stop() -> bool:
        nonlocal taken
        taken += 1
        return taken % every == 0

    parts = None
    while parts is None:
        with suppress(Stopped):
            parts = train(spec(keep=keep), tmp_path / "parts", options=options(stop=stop))
    assert weights(parts) == weights(whole)
    assert without_times(parts) == without_times(whole)


class Killed(BaseException):
    pass


def test_a_run_that_is_killed_after_a_return_ends_with_the_same_bytes(
    spec: Callable[..., dict[str, Any]], options: Options, tmp_path: Path
) -> None:
    whole = train(spec(), tmp_path / "whole", options=options())
    asked = {line["rollback"]["at"] for line in lines(whole) if "rollback" in line}

    def kill(text: str) -> None:
        if text.startswith("resuming") and killing:
            killing.clear()
            raise Killed

    killing = {True}
    with pytest.raises(Killed):
        train(spec(), tmp_path / "killed", options=options(notify=kill))
    assert not killing
    assert asked
    again = train(spec(), tmp_path / "killed", options=options())
    assert weights(again) == weights(whole)
    assert without_times(again) == without_times(whole)


def test_it_ends_after_so_many_returns(
    spec: Callable[..., dict[str, Any]], options: Options, tmp_path: Path, small: Small
) -> None:
    losses = [{"type": "non-saturating"}, {"type": "unlucky", "above": -1.0}]
    always = small(losses=losses, train={"on_nan": "rollback", "rollbacks": 2})
    said: list[str] = []
    with pytest.raises(
        TrainingError, match=r"step 1: .* not finite; train\.rollbacks allows no more than 2; the last good"
    ):
        train(always, tmp_path, options=options(notify=said.append))
    assert len([text for text in said if "going back" in text]) == 2


def test_without_it_the_run_stops_and_goes_on_where_it_is_set_later(
    spec: Callable[..., dict[str, Any]], options: Options, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="the loss generator/unlucky is not finite"):
        train(spec(on_nan="stop"), tmp_path, options=options())
    run = train(spec(), tmp_path, options=options())
    assert (run / "evaluation.json").exists()
    assert run.name == "small"
