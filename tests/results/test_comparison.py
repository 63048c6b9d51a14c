"""Runs side by side: which are one experiment, what differs, and what may not be averaged."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from statistics import stdev

import pytest

from gan_run import DataInfo, GanRunError, ImageShape, Run, RunError, compare
from gan_run.registry.plugins import Registry
from made_runs import entry

Make = Callable[..., Path]
STRONG = {"losses": [{"type": "non-saturating"}], "latents": {"z": {"type": "gaussian", "count": 4}}}


def distance(value: float) -> list[dict[str, object]]:
    return [entry({"distance": value})]


def test_runs_that_differ_in_their_seed_are_one_group_with_mean_and_deviation(make: Make, plugins: Registry) -> None:
    runs = [make(f"x-seed-{seed}", distance(value), seed=seed) for seed, value in ((1, 2.0), (2, 4.0), (3, 9.0))]
    other = make("y", distance(6.0), train={"ema": 0.5, "log_every": 5})
    found = compare([*runs, other], registry=plugins)
    assert [(group.name, group.runs) for group in found.groups] == [
        ("x-seed-*", ("x-seed-1", "x-seed-2", "x-seed-3")),
        ("y", ("y",)),
    ]
    assert found.differing == {"train.ema": {"x-seed-*": Run(runs[0], registry=plugins).spec.train.ema, "y": 0.5}}
    assert found.free == ("train.log_every",)
    (row,) = found.rows
    assert row.values == {"x-seed-1": 2.0, "x-seed-2": 4.0, "x-seed-3": 9.0, "y": 6.0}
    seeds = found.over_seeds(row)
    assert (seeds["x-seed-*"].mean, seeds["x-seed-*"].deviation) == (5.0, pytest.approx(stdev([2.0, 4.0, 9.0])))
    assert (seeds["y"].mean, seeds["y"].deviation) == (6.0, None)
    assert found.best(row) == "x-seed-*"  # lower is better
    assert found.notes == ()


def test_what_is_measured_with_other_things_or_fields_is_never_averaged(make: Make, plugins: Registry) -> None:
    one, two = (entry({"distance": value, "measured_with": {"network": value}}) for value in (1.0, 2.0))
    runs = [
        make("a-1", [one], seed=1),
        make("a-2", [two], seed=2),
        make("a-3", [entry(one["found"], split="x")], seed=3),
    ]
    found = compare(runs, registry=plugins)
    assert [dict(row.values) for row in found.rows] == [{"a-1": 1.0}, {"a-2": 2.0}, {"a-3": 1.0}]
    assert len({row.title for row in found.rows}) == 3
    assert [found.best(row) for row in found.rows] == [None, None, None]


def test_an_unfinished_run_counts_for_the_spec_and_not_for_the_numbers(make: Make, plugins: Registry) -> None:
    done = make("a-1", distance(1.0), seed=1)
    going = make("a-2", None, [{"step": 3, "generator/a": 1.0}], seed=2)
    early = make("a-3", distance(3.0), seed=3, step=2)
    found = compare([done, going, early], registry=plugins)
    assert [group.runs for group in found.groups] == [("a-1", "a-2", "a-3")]
    assert found.rows[0].values == {"a-1": 1.0, "a-3": 3.0}
    assert found.notes == (
        "a-2 is unfinished, after 3 of 6 steps: nothing was measured yet",
        "a-3 was ended by a callback, after 2 of 6 steps",
    )


def test_alarms_that_ring_at_the_end_are_noted(make: Make, plugins: Registry) -> None:
    rang, quiet = make("a-1", distance(1.0), seed=1), make("a-2", distance(2.0), seed=2)
    reports = [("collapse", "samples are alike"), ("code/c", None), ("code/c", "c does not show"), ("saturation", None)]
    lines = [{"step": 1 + at, "alarm": alarm, "message": message} for at, (alarm, message) in enumerate(reports)]
    whole = "".join(json.dumps(line) + "\n" for line in lines)
    (rang / "alarms.jsonl").write_text(f'{whole}{{"step": 9, "al', encoding="utf-8")  # its last line is being written
    found = compare([rang, quiet], registry=plugins)
    assert found.runs["a-1"].alarms == {"collapse": "samples are alike", "code/c": "c does not show"}
    assert found.notes == ("a-1: alarms ring at its end: collapse, code/c (alarms.jsonl has what they say)",)


def test_a_single_run_needs_no_list(make: Make, plugins: Registry) -> None:
    assert list(compare(make("a"), registry=plugins).runs) == ["a"]
    assert list(compare(str(make("b").parent), registry=plugins).runs) == ["a", "b"]


def test_a_single_run_is_compared_with_nothing(make: Make, plugins: Registry) -> None:
    found = compare([make("a", distance(1.0))], registry=plugins)
    assert (len(found.groups), found.differing, found.free, found.notes) == (1, {}, (), ())
    assert found.best(found.rows[0]) is None


def test_runs_on_different_data_are_two_groups_and_a_note(make: Make, plugins: Registry) -> None:
    larger = DataInfo(ImageShape(1, 8, 8), {"train": 480, "test": 16})
    found = compare([make("a", seed=1), make("b", seed=2, info=larger), make("c", seed=3)], registry=plugins)
    assert [group.runs for group in found.groups] == [("a", "c"), ("b",)]
    assert found.differing == {}
    (note,) = found.notes
    assert note.startswith("the data differ")
    assert note.endswith("a, c; b")


def test_no_number_is_the_best_where_data_differ(make: Make, plugins: Registry) -> None:
    larger = DataInfo(ImageShape(1, 8, 8), {"train": 480, "test": 16})
    one, other = make("a", distance(1.0)), make("b", distance(2.0), **STRONG)
    found = compare([one, other], registry=plugins)
    assert found.best(found.rows[0]) == "a"
    found = compare([one, other, make("c", distance(3.0), info=larger)], registry=plugins)
    assert found.best(found.rows[0]) is None


def test_runs_of_plugins_that_are_not_installed_are_compared_as_they_are_written(make: Make, plugins: Registry) -> None:
    known, foreign = make("a", distance(1.0)), make("b", [{"metric": {"type": "smell"}, "found": {"x": 1.0}}])
    spec = json.loads((foreign / "spec.json").read_text())
    spec["losses"][0] = {"type": "strange", "weight": 2.0}
    (foreign / "spec.json").write_text(json.dumps(spec))
    found = compare([known, foreign], registry=plugins)
    assert found.differing["losses[0].type"] == {"a": "non-saturating", "b": "strange"}
    assert found.differing["losses[0].weight"] == {"a": 1.0, "b": 2.0}
    strange, smell = found.notes
    assert "specs are compared as they are written, since this one cannot be read: losses[0].type: no loss" in strange
    assert "its numbers are left out" in smell


def test_a_callback_that_is_not_installed_is_no_obstacle(make: Make, plugins: Registry) -> None:
    paths = [make("a"), make("b", seed=4)]
    for path in paths:
        spec = json.loads((path / "spec.json").read_text())
        spec["callbacks"] = [{"type": "strange"}]
        (path / "spec.json").write_text(json.dumps(spec))
    found = compare(paths, registry=plugins)
    assert (len(found.groups), found.notes) == (1, ())


def test_the_same_seed_twice_is_no_second_draw(make: Make, plugins: Registry) -> None:
    (note,) = compare([make("a-1"), make("a-2")], registry=plugins).notes
    assert note == "a-1, a-2 have one spec and one seed, 3: they are no independent draws"


def test_a_folder_of_runs_stands_for_them_and_a_link_for_its_run(make: Make, plugins: Registry, tmp_path: Path) -> None:
    for seed in (10, 9, 2):
        make(f"seed-{seed}", seed=seed)
    (tmp_path / "runs" / "no-run").mkdir()
    link = tmp_path / "best"
    link.symlink_to(tmp_path / "runs" / "seed-9")
    found = compare([tmp_path / "runs", link, Run(link, registry=plugins)], registry=plugins)
    assert list(found.runs) == ["seed-2", "seed-9", "seed-10"]


def test_runs_of_a_folder_are_in_the_order_of_their_numbers(make: Make, plugins: Registry, tmp_path: Path) -> None:
    names = ["lr-1e-05-seed-2", "lr-1e-05-seed-10", "lr-0.0003", "lr-0.001", "lr-0.01", "lr-2"]
    for name in reversed(names):
        make(name)
    assert list(compare(tmp_path / "runs", registry=plugins).runs) == names


def test_runs_of_one_name_are_told_apart_by_their_folders(make: Make, plugins: Registry) -> None:
    found = compare([make("x/a"), make("y/a", train={"ema": 0.5})], registry=plugins)
    assert list(found.runs) == [group.name for group in found.groups] == ["x/a", "y/a"]


def test_groups_whose_runs_have_alike_names_are_told_apart(make: Make, plugins: Registry) -> None:
    runs = [make(f"a-{seed}", seed=seed, train={"ema": 0.5 * (seed > 2)}) for seed in (1, 2, 3, 4)]
    names = [group.name for group in compare(runs, registry=plugins).groups]
    assert names == ["a-1, a-2", "a-3, a-4"]


def test_nothing_to_compare_is_refused(tmp_path: Path, plugins: Registry) -> None:
    with pytest.raises(GanRunError, match="at least one run"):
        compare([], registry=plugins)
    with pytest.raises(RunError, match="is no run folder"):
        compare([tmp_path], registry=plugins)


def test_the_table_has_a_line_for_each_group_and_is_read_back(make: Make, plugins: Registry, tmp_path: Path) -> None:
    runs = [make(f"a-{seed}", distance(value), seed=seed) for seed, value in ((1, 1.0), (2, 3.0))]
    found = compare([*runs, make("b", [entry({"share": 0.5})], **STRONG)], registry=plugins)
    lines = found.as_lines()
    assert [(line["group"], line["runs"], line["distance distance mean"]) for line in lines] == [
        ("a-*", 2, 2.0),
        ("b", 1, None),
    ]
    found.write_csv(tmp_path / "new" / "table.csv")
    with (tmp_path / "new" / "table.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert float(first["distance distance mean"]) == 2.0
    assert float(first["distance distance sd"]) == pytest.approx(2**0.5)
    assert first["losses[1]"].startswith('{"weight": 1.0')
    assert (second["distance distance mean"], second["distance distance runs"], second["losses[1]"]) == ("", "0", "")
    assert float(second["distance share mean"]) == 0.5


def test_as_json_it_has_every_run_and_every_number(make: Make, plugins: Registry) -> None:
    runs = [make(f"a-{seed}", distance(value), seed=seed) for seed, value in ((1, 1.0), (2, 3.0))]
    found = compare([*runs, make("b", distance(1.5), train={"ema": 0.5})], registry=plugins)
    content = json.loads(json.dumps(found.as_object(), allow_nan=False))
    assert content["groups"] == {"a-*": ["a-1", "a-2"], "b": ["b"]}
    assert content["runs"]["a-2"] == {"path": str(runs[1]), "seed": 2, "step": 6, "finished": True}
    (number,) = content["metrics"]
    assert number["values"] == {"a-1": 1.0, "a-2": 3.0, "b": 1.5}
    assert number["groups"]["b"] == {"mean": 1.5, "sd": None, "runs": 1}
    assert (number["better"], number["unit"], number["best"]) == ("lower", "pixels", "b")
    assert content["differing"]["train.ema"]["b"] == 0.5
