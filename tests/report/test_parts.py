"""The parts of a page: fewer points of a curve, room for pictures, commands."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_run import Run
from gan_run.registry.plugins import Registry
from gan_run.report.gallery import gallery
from gan_run.report.heat_tables import heat_tables
from gan_run.report.thinning import thin
from gan_run.results.commands import reproduce_command, use_commands
from page_runs import draw

Make = Callable[..., Path]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60),
    st.integers(4, 20),
)
def test_a_thinned_curve_keeps_its_ends_and_its_extremes(values: list[float], most: int) -> None:
    curve = {3 * index: value for index, value in enumerate(values)}
    points = thin(curve, most)
    assert len(points) <= max(most, 4)
    assert points == sorted({*points})
    assert all(curve[step] == value for step, value in points)
    assert points[0] == (0, values[0])
    assert points[-1] == (3 * (len(values) - 1), values[-1])
    assert {min(values), max(values)} <= {value for _, value in points}


def test_pictures_that_have_no_room_have_fewer_steps(make: Make, plugins: Registry) -> None:
    path = make("a")
    for step in range(30):
        draw(path / f"samples/step-{step:08d}.png", step)
    run = Run(path, registry=plugins)
    size = (path / "samples/step-00000006.png").stat().st_size
    steps = {
        budget: [[frame.step for frame in viewer.frames] for viewer in gallery(run, budget=budget * size).viewers]
        for budget in (100, 6, 3, 2)
    }
    assert [len(frames) for frames in steps[100]] == [1, 12, 1]
    assert steps[100][1][::11] == [0, 29]
    assert steps[6][1] == [0, 14, 29]
    assert steps[3] == [[6], [29], [6]]
    assert len(steps[2]) == 2
    assert len(gallery(run, budget=2 * size).left_out) == 1


def test_what_is_no_picture_is_left_out_with_the_reason(make: Make, plugins: Registry) -> None:
    path = make("a")
    (path / "samples/step-00000006.png").write_bytes(b"none")
    (path / "samples/notes.txt").write_text("no picture")
    (path / "confusion/step-00000006.json").write_text("{")
    run = Run(path, registry=plugins)
    found = gallery(run)
    assert [viewer.folder for viewer in found.viewers] == ["confusion", "samples", "traversals"]
    assert [frame.step for frame in found.viewers[1].frames] == [2, 4]
    (reason,) = found.left_out
    assert "step-00000006.png" in reason
    assert heat_tables(run) == []


def test_the_commands_of_a_run_with_codes_turn_them(make: Make, plugins: Registry, tmp_path: Path) -> None:
    path = make("a").rename(tmp_path / "a b")
    lines = [command.line for command in use_commands(Run(path, registry=plugins))]
    assert lines[:3] == [
        f"gan-run explore '{path}'",
        f"gan-run traverse '{path}' --out strips",
        f"gan-run encode '{path}' test --sheets sheets",
    ]
    without = make("c", losses=[{"type": "non-saturating"}])
    verbs = [command.line.split()[1] for command in use_commands(Run(without, registry=plugins))]
    assert verbs == ["sample", "sample", "export"]


def test_associations_of_codes_and_factors_are_a_table(make: Make, plugins: Registry) -> None:
    path = make("a")
    content = {"split": "test", "codes": ["c (slant)"], "factors": ["x", "y"], "strengths": [[0.25, 1.0]]}
    (path / "factors").mkdir()
    for step, split in ((2, "train"), (6, "test")):
        (path / f"factors/step-{step:08d}.json").write_text(json.dumps(content | {"split": split}))
    confusion, factors = heat_tables(Run(path, registry=plugins))
    assert (confusion.folder, confusion.step) == ("confusion", 6)
    assert (factors.folder, factors.step, factors.split, factors.columns) == ("factors", 6, "test", ["x", "y"])
    assert factors.rows == [("c (slant)", [("0.25", 0.25), ("1.00", 1.0)])]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_is_reproduced_with_its_threads_processes_and_plugins(
    make: Make, plugins: Registry, processes: int
) -> None:
    path = make("a")
    (path / "plugins").mkdir()
    (path / "plugins" / "mine.py").write_text("")
    file = path / "environment.json"
    file.write_text(file.read_text().replace('"processes": 1', f'"processes": {processes}'))
    launcher = {1: "gan-run", 2: "torchrun --nproc-per-node 2 -m gan_run"}[processes]
    assert reproduce_command(Run(path, registry=plugins)).line == (
        f"OMP_NUM_THREADS=3 {launcher} train {path}/spec.json --out again --plugin {path}/plugins/mine.py"
    )
