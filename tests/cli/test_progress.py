"""What training prints: log lines of at most 100 columns, and at the end what the metrics found."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gan_run import GanRunError, StepLogged
from gan_run.display.progress import WIDTH, log_line


def logged(losses: dict[str, float]) -> StepLogged:
    def none() -> None:
        raise GanRunError("nobody asks for it")

    return StepLogged(
        folder=Path("runs/x"),
        step=50,
        steps=200,
        model=none,  # type: ignore[arg-type]  # never called
        end_training=none,
        losses=losses,
        controls={"generator/lr": 0.1},
        images_per_second=100.0,
        steps_per_second=2.5,
        diagnostics=none,  # type: ignore[arg-type]  # likewise
        report_alarm=none,  # type: ignore[arg-type]  # likewise
    )


def test_a_line_has_the_losses_in_the_order_of_the_spec_without_what_they_report() -> None:
    losses = {"discriminator/r1": 0.5, "discriminator/r1/norm": 9.0, "discriminator/hinge": 1.0}
    assert log_line(logged(losses), order=["hinge", "r1"]) == (
        "step 50/200  2.50 steps/s  0:01:00 left  discriminator/hinge 1.000  discriminator/r1 0.500"
    )


@pytest.mark.parametrize("count", [3, 4, 20])
def test_a_line_that_has_no_place_for_all_ends_in_an_ellipsis(count: int) -> None:
    line = log_line(logged({f"discriminator/loss-{index:02}": 1.0 for index in range(count)}))
    assert WIDTH - 30 < len(line) <= WIDTH
    assert line.endswith("  …")
    assert "loss-00 1.000" in line


def test_a_run_ends_with_a_table_of_what_it_measured(
    here: Callable[..., Result], write_spec: Callable[..., Path], tmp_path: Path
) -> None:
    metrics = [{"type": "information", "samples": 16, "every": 1}, {"type": "cluster-accuracy", "code": "category"}]
    done = here(write_spec(metrics=metrics, train={"steps": 2}))
    assert done.exit_code == 0, done.output
    information, accuracy = json.loads((tmp_path / "runs/small/evaluation.json").read_text())["metrics"]
    lines = [line.split() for line in done.output.splitlines()]
    table = lines[lines.index(["after", "2", "steps"]) :]
    better = ["higher", "is", "better"]
    assert ["cluster-accuracy", "accuracy", f"{accuracy['found']['accuracy']:.2%}", *better] in table
    bound = information["found"]["codes"]["category"]["bound"]
    assert ["information", "codes.category.bound", "(nats)", f"{bound:.3f}", *better] in table
    assert done.output.count("after ") == 1
