"""A run ends when a metric has not improved for `patience` measurements."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from gan_run import (
    Headline,
    Measurement,
    Metric,
    Model,
    RunOptions,
    SpecError,
    Splits,
    Stopped,
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

    def measure(self, model: Model, data: Splits) -> Measurement:
        return {"codes": {"c": self.numbers.pop(0)}}

    headlines = (Headline("codes.*"),)


def spec(small: Small, **fields: object) -> dict[str, Any]:
    stopping = {"type": "early-stopping", "metric": "planned", "number": "codes.c", "patience": 2, **fields}
    return small(train={"steps": 9}, metrics=[Planned(every=1)], callbacks=[stopping])


def evaluated(run: Path) -> tuple[int, bool]:
    """The step at which a run was evaluated, and whether it ended early."""
    evaluation = json.loads((run / "evaluation.json").read_text())
    return evaluation["step"], evaluation.get("ended_early", False)


@pytest.fixture
def options(registry: Registry) -> RunOptions:
    return RunOptions(notify=lambda text: None, registry=registry, components=[Planned])


@pytest.mark.parametrize(
    ("numbers", "least", "ended_at"),
    [
        ([1.0, 2.0, 1.5, 3.0, 2.0, 2.5, 0.0], 0.0, 6),
        ([1.0, 1.0, 1.0, 0.0], 0.0, 3),
        ([1.0, 1.3, 1.6, 1.8, 2.0, 0.0], 0.5, 5),  # 1.6 improves on 1.0, 1.8 and 2.0 do not on 1.6
    ],
)
def test_it_ends_after_so_many_measurements_without_an_improvement(
    small: Small, options: RunOptions, tmp_path: Path, numbers: list[float], least: float, ended_at: int
) -> None:
    Planned.numbers[:] = numbers
    run = train(spec(small, least=least), tmp_path, options=options)
    assert evaluated(run) == (ended_at, True)
    assert Planned.numbers == []


class Error(Planned):
    """A number of which less is better."""

    type: Literal["planned"] = "planned"
    headlines = (Headline("codes.*", better="lower"),)


def test_where_lower_is_better_a_decrease_is_an_improvement(small: Small, registry: Registry, tmp_path: Path) -> None:
    Planned.numbers[:] = [3.0, 4.0, 2.0, 2.0, 5.0, 0.0]
    planned = spec(small)
    planned["metrics"] = [Error(every=1)]
    run = train(planned, tmp_path, options=RunOptions(notify=str, registry=registry, components=[Error]))
    assert evaluated(run) == (5, True)


def test_a_resumed_run_counts_what_was_measured_before(small: Small, options: RunOptions, tmp_path: Path) -> None:
    Planned.numbers[:] = [1.0, 5.0, 2.0]
    asked = iter(range(1, 10))
    interrupted = RunOptions(
        notify=lambda text: None, registry=options.registry, components=[Planned], stop=lambda: next(asked) == 3
    )
    with pytest.raises(Stopped):
        train(spec(small), tmp_path, options=interrupted)
    Planned.numbers[:] = [3.0, 4.0]
    assert evaluated(resume(tmp_path / "small", options=options)) == (4, True)


def test_one_that_had_come_to_its_end_when_it_was_interrupted_takes_no_further_step(
    small: Small, options: RunOptions, tmp_path: Path
) -> None:
    Planned.numbers[:] = [5.0, 2.0, 2.0, 9.0]
    run = train(spec(small), tmp_path, options=options)
    (run / "evaluation.json").unlink()  # as if it had been killed before it was written
    Planned.numbers[:] = [7.0]
    assert evaluated(resume(run, options=options)) == (3, True)
    assert Planned.numbers == []


def test_a_number_that_the_metric_does_not_find_is_said_and_the_run_goes_on(
    small: Small, options: RunOptions, tmp_path: Path
) -> None:
    Planned.numbers[:] = [1.0] * 10
    message = r"callback early-stopping failed .* found no number 'codes\.category'.*'codes\.c'"
    with pytest.warns(UserWarning, match=message):
        train(spec(small, number="codes.category"), tmp_path, options=options)


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([], r"callbacks\[0\]\.metric: the spec has no metric 'planned'"),
        ([{"type": "planned"}], r"callbacks\[0\]\.metric: planned is measured at the end alone: give it an `every`"),
    ],
)
def test_a_spec_whose_metric_is_not_measured_on_the_way_is_refused(
    small: Small, registry: Registry, metrics: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        read_spec({**spec(small), "metrics": metrics}, registry=registry, components=[Planned])
