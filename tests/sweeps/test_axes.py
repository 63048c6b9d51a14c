"""How values are written, and what runs with them are called."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from gan_run import GanRunError, SpecError
from gan_run.core.kinds.spec import RunName
from gan_run.sweeps.axes import Axis, Interval, read_axes, read_values
from gan_run.sweeps.points import Point, grid

NAME = TypeAdapter(RunName)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.1,0.3,1", [0.1, 0.3, 1]),
        ("[0.1, 0.3]", [0.1, 0.3]),
        ("[64],[128,128]", [[64], [128, 128]]),
        ("[[64],[128,128]]", [[64], [128, 128]]),
        ('{"type": "a", "b": 1},{"type": "c"}', [{"type": "a", "b": 1}, {"type": "c"}]),
        ("hinge,minimax", ["hinge", "minimax"]),
        ("null,true", [None, True]),
        ("1,auto", [1, "auto"]),
        ("5", [5]),
        ("2,2,3", [2, 3]),
        ("-1:2", [-1, 0, 1]),
    ],
)
def test_values(text: str, values: list[object]) -> None:
    axis = read_values("x", text)
    assert isinstance(axis, Axis)
    assert list(axis.values) == values


@pytest.mark.parametrize(
    ("text", "low", "high", "log"),
    [
        ("0.1..1", 0.1, 1, False),
        ("1e-4..1e-2:log", 1e-4, 1e-2, True),
        ("-2..-1.5", -2, -1.5, False),
        ("1..8", 1, 8, False),
    ],
)
def test_intervals(text: str, low: float, high: float, log: bool) -> None:
    assert read_values("x", text) == Interval("x", low, high, log)


@pytest.mark.parametrize("text", ["3:3", "1,,2", "2..1", "0..1:log", ""])
def test_what_has_no_values_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match=f"--over x={text}"):
        read_values("x", text)


def test_from_python_values_are_lists_ranges_or_text() -> None:
    axes = read_axes({"a": [0.1, "x"], "seed": range(2), "b": "1:3"})
    assert axes == [Axis("a", [0.1, "x"]), Axis("seed", range(2)), Axis("b", range(1, 3))]
    with pytest.raises(SpecError):
        read_axes({"a": []})


def test_a_grid_without_bound_is_refused_at_once() -> None:
    axes = [axis for axis in read_axes({"seed": "0:1000000000", "train.steps": range(1, 3)}) if isinstance(axis, Axis)]
    with pytest.raises(GanRunError, match="2,000,000,000 combinations: a sweep has at most 10,000 runs"):
        grid(axes)


def test_a_grid_has_every_combination_under_a_readable_name() -> None:
    points = grid([Axis("losses[1].weight", [0.1, 3]), Axis("seed", range(2))])
    assert [(point.name, dict(point.values)) for point in points] == [
        ("weight-0.1-seed-0", {"losses[1].weight": 0.1, "seed": 0}),
        ("weight-0.1-seed-1", {"losses[1].weight": 0.1, "seed": 1}),
        ("weight-3-seed-0", {"losses[1].weight": 3, "seed": 0}),
        ("weight-3-seed-1", {"losses[1].weight": 3, "seed": 1}),
    ]
    assert points[0].overrides() == ["losses[1].weight=0.1", "seed=0", 'name="weight-0.1-seed-0"']


def test_fields_of_one_name_are_told_apart_by_their_places() -> None:
    (point,) = grid([Axis("losses[0].weight", [1]), Axis("losses[1].weight", [2])])
    assert point.name == "0.weight-1-1.weight-2"


def test_a_value_has_the_same_name_whatever_the_others_are() -> None:
    value = {"type": "dcgan", "width": [1, 2]}
    alone = grid([Axis("generator", [value])])[0].name
    assert alone in {point.name for point in grid([Axis("generator", ["x", value, 3])])}
    assert alone.startswith("generator-type-dcgan")


@given(st.lists(JSON, min_size=1, max_size=4, unique_by=lambda value: json.dumps(value, sort_keys=True)))
def test_every_value_gives_a_valid_name_of_its_own(values: list[object]) -> None:
    names = [point.name for point in grid([Axis("losses[1].weight", values), Axis("optimizers.generator.lr", values)])]
    assert len({*names}) == len(names)
    for name in names:
        assert NAME.validate_python(name) == name


def test_a_grid_of_nothing_is_one_point() -> None:
    assert grid([], "trial-001") == [Point("trial-001", {})]
