"""`gan-run check` tries metrics and artifacts on a model after one step, where that takes a second."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from gan_run import Artifact, Measurement, Metric, Model, Splits, read_spec
from gan_run.core.run.dry_run import dry_run
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
Warnings = Callable[..., list[str]]


class Counted(Metric):
    """Draws images, and then fails."""

    type: Literal["counted"] = "counted"
    samples: int = 4096
    measured: ClassVar[list[int]] = []

    def measure(self, model: Model, data: Splits) -> Measurement:
        for _ in range(self.samples // 64):
            model.sample(64)
        self.measured.append(self.samples)
        raise ValueError("no such number")


class Lost(Artifact):
    """Returns a file that it has not written."""

    type: Literal["lost"] = "lost"

    @property
    def folder(self) -> str:
        return "lost"

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        return [stem.with_suffix(".png")]


@pytest.fixture
def warned(small: Small, registry: Registry) -> Warnings:
    """warned(metrics=[…]) is what check warns of."""

    def of(**fields: object) -> list[str]:
        own = registry.with_components([Counted, Lost])
        return dry_run(read_spec(small(**fields), registry=own)).warnings

    return of


def test_what_fails_at_the_end_is_said_before_the_first_step(warned: Warnings) -> None:
    found = warned(metrics=[{"type": "information"}, {"type": "counted"}], artifacts=[{"type": "lost"}])
    assert found[0] == "metrics[1] (counted) would fail at the end of training: ValueError: no such number"
    assert found[1].startswith("artifacts[0] (lost) would fail at the end of training: the artifact lost returns [")
    assert len(found) == 2


def test_what_takes_long_is_not_tried(warned: Warnings) -> None:
    Counted.measured.clear()
    assert warned(metrics=[{"type": "counted", "samples": 4096 + 64}]) == []
    assert Counted.measured == []


def test_metrics_and_artifacts_that_work_are_not_warned_of(warned: Warnings) -> None:
    metrics = [{"type": "information", "samples": 100}]
    assert warned(metrics=metrics, artifacts=[{"type": "samples"}, {"type": "traversal"}]) == []
