"""What benchmarks/same_numbers.py calls a difference between two runs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from gan_run.benchmarks.run_differences import compare

LOG: list[dict[str, object]] = [
    {"step": 1, "generator/loss": 0.5, "discriminator/loss": None, "time": {"unix": 7.0}},
    {"step": 2, "generator/loss": 0.25, "discriminator/loss": 1.5, "time": {"unix": 8.0}},
]
WEIGHT = torch.tensor([1.0, -2.0])
TENSORS = {"game.weight": WEIGHT, "game.count": torch.tensor(3)}
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """make("name", log, tensors) writes as much of a run folder as is compared, with two checkpoints."""

    def write(name: str, log: list[dict[str, object]] = LOG, tensors: dict[str, Tensor] = TENSORS) -> Path:
        run = tmp_path / name
        for step, content in ((1, {"game.weight": torch.zeros(2)}), (2, tensors)):
            checkpoint = run / "checkpoints" / f"step-{step:08d}"
            checkpoint.mkdir(parents=True)
            save_file(content, checkpoint / "model.safetensors")
        (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log), encoding="utf-8")
        return run

    return write


def test_runs_of_the_same_numbers_are_equal_whatever_the_time(make: Make) -> None:
    later = [{**line, "time": {"unix": 99.0}} for line in LOG]
    found = compare(make("before"), make("after", later), {})
    assert not found.differences
    assert str(found) == "2 steps, 2 scalars, 2 tensors"


def test_the_first_step_and_scalar_that_differ_are_named_with_the_distance(make: Make) -> None:
    changed = [LOG[0], {**LOG[1], "generator/loss": 0.375, "discriminator/loss": 1.0}]
    found = compare(make("before"), make("after", changed), {})
    assert found.differences == [
        "from step 2 on generator/loss: 0.25 before, 0.375 after, by 1.2e-01 and 1 more scalars"
    ]


def test_a_scalar_that_stops_being_finite_differs(make: Make) -> None:
    changed = [LOG[0], {**LOG[1], "discriminator/loss": None}]
    found = compare(make("before"), make("after", changed), {})
    assert found.differences == ["from step 2 on discriminator/loss: 1.5 before, None after"]


def test_a_last_step_that_is_missing_differs(make: Make) -> None:
    assert compare(make("before"), make("after", LOG[:1]), {}).differences == ["2 steps are logged before, 1 after"]


def test_a_tensor_that_differs_in_its_last_bit_is_named_with_the_distance(make: Make) -> None:
    changed = torch.nextafter(WEIGHT, torch.full((2,), 9.0))
    found = compare(make("before"), make("after", tensors={**TENSORS, "game.weight": changed}), {})
    assert found.differences == ["1 of 2 tensors, game.weight by 1.2e-07"]


def test_zeros_of_other_signs_differ(make: Make) -> None:
    first = make("before", tensors={"game.weight": torch.tensor([0.0])})
    second = make("after", tensors={"game.weight": torch.tensor([-0.0])})
    assert compare(first, second, {}).differences == ["1 of 1 tensors, game.weight by 0.0e+00"]


def test_a_tensor_of_another_type_or_shape_differs(make: Make) -> None:
    after = {"game.weight": WEIGHT.double(), "game.count": torch.tensor([3])}
    assert compare(make("before"), make("after", tensors=after), {}).differences == [
        "game.count is torch.int64 () before, torch.int64 (1,) after",
        "game.weight is torch.float32 (2,) before, torch.float64 (2,) after",
    ]


def test_tensors_and_scalars_on_one_side_alone_are_named(make: Make) -> None:
    log = [{"step": 1, "generator/loss": 0.5}, {"step": 2, "generator/loss": 0.25, "critic/loss": 1.5}]
    found = compare(make("before"), make("after", log, {"game.weight": WEIGHT}), {})
    assert found.differences == [
        "scalars only before: discriminator/loss",
        "scalars only after: critic/loss",
        "tensors only before: game.count",
    ]


def test_names_that_were_changed_on_purpose_are_compared_by_their_new_names(make: Make) -> None:
    log = [{name.replace("generator", "player"): value for name, value in line.items()} for line in LOG]
    tensors = {name.replace("game.", "world."): tensor for name, tensor in TENSORS.items()}
    after = make("after", log, tensors)
    assert compare(make("before"), after, {}).differences
    assert not compare(make("renamed"), after, {"generator": "player", "game.": "world."}).differences
