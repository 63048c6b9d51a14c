"""`train.keep_best` keeps the checkpoint at which a number was best, beside the latest ones."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from gan_run import (
    Headline,
    Measurement,
    Metric,
    Model,
    Run,
    RunError,
    RunOptions,
    SpecError,
    Splits,
    Stopped,
    compare,
    load,
    read_spec,
    resume,
    train,
)
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]


class Planned(Metric):
    """Finds what it is told to, one number after the other."""

    type: Literal["planned"] = "planned"
    numbers: ClassVar[list[float]] = []
    headlines = (Headline("up"), Headline("down", better="lower"))

    def measure(self, model: Model, data: Splits) -> Measurement:
        number = self.numbers.pop(0)
        return {} if number < 0 else {"up": number, "down": number}


def spec(small: Small, number: str = "up", **fields: object) -> dict[str, Any]:
    kept = {"keep_best": {"metric": "planned", "number": number}}
    return small(train={"steps": 5, "checkpoint_every": 100, "keep": 1, **kept, **fields}, metrics=[Planned(every=1)])


@pytest.fixture
def options(registry: Registry) -> RunOptions:
    return RunOptions(notify=lambda text: None, registry=registry, components=[Planned])


def steps(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir() if path.is_dir())


def record(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "checkpoints/best.json").read_text())
    del found["sha256"]
    return found


@pytest.mark.parametrize(("number", "best"), [("up", 3), ("down", 4)])
def test_the_best_checkpoint_is_kept_beside_the_last(
    small: Small, options: RunOptions, registry: Registry, tmp_path: Path, number: str, best: int
) -> None:
    Planned.numbers[:] = [2.0, 3.0, 7.0, 1.0, 4.0]
    run = train(spec(small, number), tmp_path, options=options)
    assert steps(run)[-2:] == [f"step-{best:08d}", "step-00000005"]
    value = {"up": 7.0, "down": 1.0}[number]
    assert record(run) == {"metric": "planned", "number": number, "step": best, "value": value}

    def images(checkpoint: Literal["best", "last"] | int) -> Tensor:
        return load(run, registry=registry, components=[Planned], checkpoint=checkpoint).sample(3, seed=0)

    plugins = registry.with_components([Planned])
    assert Run(run, registry=plugins).best_step == best
    assert (
        f"{run.name}: the numbers are of step 5, its best checkpoint is of step {best} (train.keep_best)"
        in compare(run, registry=plugins).notes
    )
    assert torch.equal(images("best"), images(best))
    assert not torch.equal(images("best"), images("last"))


def test_the_number_at_the_end_counts_too(small: Small, options: RunOptions, tmp_path: Path) -> None:
    Planned.numbers[:] = [2.0, 3.0, 1.0, 1.0, 9.0]
    assert record(train(spec(small), tmp_path, options=options))["step"] == 5


def test_the_weights_are_those_of_a_run_without_it(small: Small, options: RunOptions, tmp_path: Path) -> None:
    weights = []
    for kept in ({}, {"keep_best": None}):
        Planned.numbers[:] = [1.0, 2.0, 3.0, 2.0, 1.0]
        run = train(spec(small, **kept), tmp_path / str(len(weights)), options=options)
        weights.append(load_file(run / "checkpoints/step-00000005/model.safetensors"))
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_a_resumed_run_knows_the_best_before_it(small: Small, options: RunOptions, tmp_path: Path) -> None:
    Planned.numbers[:] = [2.0, 7.0, 3.0]
    asked = iter(range(1, 10))
    stopped = replace(options, stop=lambda: next(asked) == 3)
    with pytest.raises(Stopped):
        train(spec(small), tmp_path, options=stopped)
    assert steps(tmp_path / "small") == ["step-00000002", "step-00000003"]
    Planned.numbers[:] = [6.0, 5.0]
    run = resume(tmp_path / "small", options=options)
    assert record(run)["step"] == 2
    assert steps(run) == ["step-00000002", "step-00000003", "step-00000005"]


def test_another_number_begins_anew(small: Small, options: RunOptions, tmp_path: Path) -> None:
    Planned.numbers[:] = [2.0, 7.0, 3.0, 3.0, 3.0]
    run = train(spec(small), tmp_path, options=options)
    Planned.numbers[:] = [5.0, 6.0]
    resume(run, overrides=["train.steps=7", "train.keep_best.number=down"], options=options)
    assert (record(run)["step"], record(run)["value"]) == (6, 5.0)


def test_a_result_without_the_number_is_no_best_and_is_said(small: Small, options: RunOptions, tmp_path: Path) -> None:
    Planned.numbers[:] = [2.0, -1.0, 1.0, 1.0, 1.0]
    with pytest.warns(UserWarning, match=r"step 2: train\.keep_best: planned found no number 'up'"):
        run = train(spec(small), tmp_path, options=options)
    assert record(run)["step"] == 1


@pytest.mark.parametrize(
    ("kept", "metrics", "message"),
    [
        (
            {"metric": "planed", "number": "up"},
            [Planned(every=1)],
            r"metric: .*did you mean 'planned'",
        ),
        (
            {"metric": "planned", "number": "up"},
            [Planned()],
            r"metric: planned is measured at the end",
        ),
        ({"metric": "planned", "number": "upp"}, [Planned(every=1)], r"number: .*did you mean 'up'"),
    ],
)
def test_a_number_that_is_not_measured_is_refused(
    small: Small, registry: Registry, kept: dict[str, str], metrics: list[Metric], message: str
) -> None:
    with pytest.raises(SpecError, match=rf"train\.keep_best\.{message}"):
        read_spec(small(train={"keep_best": kept}, metrics=metrics), registry=registry, components=[Planned])


def test_a_run_without_a_best_checkpoint_says_so(small: Small, options: RunOptions, tmp_path: Path) -> None:
    run = train(small(train={"steps": 1}), tmp_path, options=options)
    with pytest.raises(RunError, match=r"has no best checkpoint: train\.keep_best names the number"):
        load(run, registry=options.registry, checkpoint="best")
    (run / "checkpoints/best.json").write_text("{}")
    with pytest.raises(RunError, match=r"best\.json cannot be read .*delete it"):
        load(run, registry=options.registry, checkpoint="best")
