"""Scalars are kept as they were when they were computed, the latest of each, until a line is written."""

import json
import math

import pytest
import torch
from torch import Tensor

from gan_run.core.engine.scalars import LatestScalars
from gan_run.core.engine.update import Losses


def losses(reports: dict[str, Tensor] | None = None, **terms: float | Tensor) -> Losses:
    values = {name: value if isinstance(value, Tensor) else torch.tensor(value) for name, value in terms.items()}
    return Losses(values, {"lazy": reports} if reports else {}, None)


def test_the_latest_value_of_each_is_read_whenever_it_was_computed() -> None:
    scalars = LatestScalars()
    scalars.record({"d": losses(eager=1.0, lazy=2.0, reports={"norm": torch.tensor(0.5)}), "g": losses(eager=3.0)})
    scalars.record({"d": losses(eager=4.0), "g": losses(eager=5.0)})
    scalars.record({"d": losses(eager=6.0)})
    assert list(scalars.read().items()) == [("d/eager", 6.0), ("d/lazy", 2.0), ("d/lazy/norm", 0.5), ("g/eager", 5.0)]


def test_a_value_that_is_computed_again_with_the_names_of_an_earlier_step_is_the_latest() -> None:
    scalars = LatestScalars()
    scalars.record({"d": losses(eager=1.0, lazy=2.0)})
    scalars.record({"d": losses(eager=3.0)})
    scalars.record({"d": losses(eager=4.0, lazy=5.0)})
    assert scalars.read() == {"d/eager": 4.0, "d/lazy": 5.0}


def test_after_a_line_only_what_is_computed_since_is_read() -> None:
    scalars = LatestScalars()
    scalars.record({"d": losses(eager=1.0, lazy=2.0)})
    scalars.read()
    scalars.clear()
    scalars.record({"d": losses(eager=3.0)})
    assert scalars.read() == {"d/eager": 3.0}


def test_a_report_of_a_buffer_is_what_the_buffer_was() -> None:
    buffer, scalars = torch.tensor(1.0), LatestScalars()
    scalars.record({"d": losses(eager=0.0, reports={"average": buffer.detach()})})
    buffer.fill_(9.0)
    assert scalars.read()["d/lazy/average"] == 1.0


def test_values_keep_the_precision_of_their_type() -> None:
    exact = {"wide": torch.tensor(1 / 3, dtype=torch.float64), "count": torch.tensor([2**40 + 1])}
    scalars = LatestScalars()
    scalars.record({"d": losses(eager=0.5, narrow=torch.tensor(0.1, dtype=torch.bfloat16), reports=exact)})
    read = scalars.read()
    assert (read["d/lazy/wide"], read["d/lazy/count"]) == (1 / 3, 2**40 + 1)
    assert read["d/narrow"] == float(torch.tensor(0.1, dtype=torch.bfloat16))


@pytest.mark.parametrize("value", [0.1, math.pi, 1e-42, -3e38])
def test_what_is_read_from_json_goes_on_as_if_it_had_never_been_written(value: float) -> None:
    kept, other = LatestScalars(), LatestScalars()
    kept.record({"d": losses(eager=1.0, lazy=value)})
    other.load(json.loads(json.dumps(kept.read())))
    for scalars in (kept, other):
        scalars.record({"d": losses(eager=2.0)})
    assert other.read() == kept.read()


def test_one_that_is_not_finite_is_none_in_a_checkpoint_and_nan_afterwards() -> None:
    scalars = LatestScalars()
    scalars.load({"d/lazy/norm": None})
    assert math.isnan(scalars.read()["d/lazy/norm"])
