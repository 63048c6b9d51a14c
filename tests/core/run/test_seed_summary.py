import json
from pathlib import Path
from typing import Literal

import pytest

from gan_run import Headline, Measurement, Metric, Model, NotFoundByName, RunError, Splits
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.seed_summary import MetricSummary, summarize_seeds

HIGHER = Headline("*")


class Score(Metric):
    type: Literal["score"] = "score"

    def measure(self, model: Model, data: Splits) -> Measurement:
        raise AssertionError("these runs were measured before")


class Bound(Score):
    headlines = (Headline("codes.*.bound", better="lower", unit="nats", form=".3f"),)
    type: Literal["bound"] = "bound"  # type: ignore[assignment]  # another name for the same kind of thing


def finished(folder: Path, *found: object) -> RunFolder:
    folder.mkdir()
    metrics = [{"metric": {}, "found": each} for each in found]
    (folder / "evaluation.json").write_text(json.dumps({"step": 1, "metrics": metrics}))
    return RunFolder(folder)


def test_the_numbers_by_which_runs_are_compared_are_the_fractions_at_the_top() -> None:
    found = {"accuracy": 0.5, "images": 100, "split": "test", "matching": [1, 2], "inner": {"x": 0.1}, "none": None}
    assert Score().headline(found) == {"accuracy": 0.5}
    assert Score().headline_of("accuracy") == Headline("*")


def test_or_those_at_the_places_that_a_metric_names() -> None:
    found = {"codes": {"a": {"bound": 0.5, "error": 0.1}, "b": {"bound": -1.0}}, "bound": 3.0}
    assert Bound().headline(found) == {"codes.a.bound": 0.5, "codes.b.bound": -1.0}
    assert Bound().headline_of("codes.a.bound").better == "lower"
    with pytest.raises(NotFoundByName, match=r"bound has no headline 'codes\.bound'.*codes\.\*\.bound"):
        Bound().headline_of("codes.bound")


def test_a_headline_says_which_value_is_better_and_how_it_is_printed() -> None:
    higher, lower = Headline("accuracy", form=".2%"), Headline("fid", better="lower", unit="nats", form=".1f")
    assert (higher.show(0.9675), lower.show(12.345)) == ("96.75%", "12.3")
    assert (higher.best({"a": 1.0, "b": 2.0}), lower.best({"a": 1.0, "b": 2.0})) == ("b", "a")
    assert higher.is_better(2.0, 1.0)
    assert lower.is_better(1.0, 2.0)
    assert not higher.is_better(1.0, 1.0)
    assert not lower.is_better(1.0, 2.0, by=1.0)


def test_mean_deviation_and_best_worked_by_hand() -> None:
    row = MetricSummary("x", {3: 1.0, 4: 4.0, 5: 1.0}, HIGHER)
    assert row.mean == 2.0
    assert row.deviation == pytest.approx(3**0.5)  # (1 + 4 + 1) / 2
    assert row.best == (4, 4.0)
    assert MetricSummary("x", row.values, Headline("x", better="lower")).best == (3, 1.0)
    assert MetricSummary("x", {3: 1.0}, HIGHER).deviation is None


def test_rows_gather_what_each_run_found(tmp_path: Path) -> None:
    runs = {
        0: finished(tmp_path / "a", {"accuracy": 0.5}, {"codes": {"c": {"bound": 1.0}}}),
        7: finished(tmp_path / "b", {"accuracy": 0.7}, {"codes": {"c": {"bound": 2.0}}}),
    }
    assert summarize_seeds(runs, [Score(), Bound()]) == [
        MetricSummary("score accuracy", {0: 0.5, 7: 0.7}, HIGHER),
        MetricSummary("bound codes.c.bound", {0: 1.0, 7: 2.0}, Bound.headlines[0]),
    ]


def test_a_metric_that_is_there_twice_is_told_by_its_number(tmp_path: Path) -> None:
    runs = {0: finished(tmp_path / "a", {"accuracy": 0.5}, {"accuracy": 0.25})}
    assert summarize_seeds(runs, [Score(), Score()]) == [
        MetricSummary("score accuracy", {0: 0.5}, HIGHER),
        MetricSummary("score-again-1 accuracy", {0: 0.25}, HIGHER),
    ]


def test_a_number_that_one_run_lacks_is_compared_over_the_others(tmp_path: Path) -> None:
    runs = {0: finished(tmp_path / "a", {"accuracy": None}), 1: finished(tmp_path / "b", {"accuracy": 0.5})}
    assert summarize_seeds(runs, [Score()]) == [MetricSummary("score accuracy", {1: 0.5}, HIGHER)]


def test_a_run_that_is_not_finished_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no evaluation\.json"):
        summarize_seeds({0: RunFolder(tmp_path)}, [Score()])
    (tmp_path / "evaluation.json").write_text("{}")
    with pytest.raises(RunError, match="no list of metrics"):
        summarize_seeds({0: RunFolder(tmp_path)}, [Score()])


def test_numbers_that_were_measured_with_different_things_are_rows_of_their_own(tmp_path: Path) -> None:
    small, large = ({"network": {"sha256": digits}, "count": 10} for digits in ("aa", "bb"))
    found = [{"fid": value, "measured_with": used} for value, used in ((5.0, small), (4.0, small), (9.0, large))]
    runs = {seed: finished(tmp_path / str(seed), each) for seed, each in enumerate(found)}
    first, second = Score().fingerprint(found[0]), Score().fingerprint(found[2])
    assert len({first, second}) == 2
    assert summarize_seeds(runs, [Score()]) == [
        MetricSummary("score fid", {0: 5.0, 1: 4.0}, HIGHER, first),
        MetricSummary("score fid", {2: 9.0}, HIGHER, second),
    ]
    assert Score().fingerprint({"measured_with": {"count": 10, "network": {"sha256": "aa"}}}) == first
    assert Score().fingerprint({"fid": 5.0}) == ""
