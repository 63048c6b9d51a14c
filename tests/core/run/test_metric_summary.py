from typing import Literal

import pytest

from gan_run import Headline, Measurement, Metric, Model, NotFoundByName, Splits
from gan_run.core.run.metric_summary import MetricSummary, Result, summarize

HIGHER = Headline("*")


class Score(Metric):
    type: Literal["score"] = "score"
    split: str = "test"

    def measure(self, model: Model, data: Splits) -> Measurement:
        raise AssertionError("these runs were measured before")


class Bound(Score):
    headlines = (Headline("codes.*.bound", better="lower", unit="nats", form=".3f"),)
    type: Literal["bound"] = "bound"  # type: ignore[assignment]  # another name for the same kind of thing


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


def test_a_row_of_some_runs_has_their_values() -> None:
    row = MetricSummary("x", {"a": 1.0, "b": 4.0, "c": 1.0}, HIGHER, "aa")
    assert row.within(["b", "c", "d"]) == MetricSummary("x", {"b": 4.0, "c": 1.0}, HIGHER, "aa")
    assert row.within(["d"]) is None


def test_rows_gather_what_each_run_found() -> None:
    runs = {
        0: [Result(Score(), {"accuracy": 0.5}), Result(Bound(), {"codes": {"c": {"bound": 1.0}}})],
        7: [Result(Score(), {"accuracy": 0.7}), Result(Bound(), {"codes": {"c": {"bound": 2.0}}})],
    }
    assert summarize(runs) == [
        MetricSummary("score accuracy", {0: 0.5, 7: 0.7}, HIGHER),
        MetricSummary("bound codes.c.bound", {0: 1.0, 7: 2.0}, Bound.headlines[0]),
    ]


def test_a_metric_that_is_there_twice_is_told_by_its_number() -> None:
    runs = {0: [Result(Score(), {"accuracy": 0.5}), Result(Score(), {"accuracy": 0.25})]}
    assert summarize(runs) == [
        MetricSummary("score accuracy", {0: 0.5}, HIGHER),
        MetricSummary("score-again-1 accuracy", {0: 0.25}, HIGHER),
    ]


def test_metrics_with_different_fields_are_rows_of_their_own_that_name_the_fields() -> None:
    test, validation = Score(), Score(split="validation")
    runs = {
        "a": [Result(test, {"accuracy": 0.5}), Result(validation, {"accuracy": 0.6})],
        "b": [Result(validation, {"accuracy": 0.7})],
        "c": [Result(Score(every=10), {"accuracy": 0.8})],  # when it is measured decides no number
    }
    assert summarize(runs) == [
        MetricSummary('score(split="test") accuracy', {"a": 0.5, "c": 0.8}, HIGHER),
        MetricSummary('score(split="validation") accuracy', {"a": 0.6, "b": 0.7}, HIGHER),
    ]


def test_a_number_that_one_run_lacks_is_compared_over_the_others() -> None:
    runs = {0: [Result(Score(), {"accuracy": None})], 1: [Result(Score(), {"accuracy": 0.5})], 2: []}
    assert summarize(runs) == [MetricSummary("score accuracy", {1: 0.5}, HIGHER)]


def test_numbers_that_were_measured_with_different_things_are_rows_of_their_own() -> None:
    small, large = ({"network": {"sha256": digits}, "count": 10} for digits in ("aa", "bb"))
    found = [{"fid": value, "measured_with": used} for value, used in ((5.0, small), (4.0, small), (9.0, large))]
    first, second = Score().fingerprint(found[0]), Score().fingerprint(found[2])
    assert len({first, second}) == 2
    assert summarize({seed: [Result(Score(), each)] for seed, each in enumerate(found)}) == [
        MetricSummary("score fid", {0: 5.0, 1: 4.0}, HIGHER, first),
        MetricSummary("score fid", {2: 9.0}, HIGHER, second),
    ]
    assert Score().fingerprint({"measured_with": {"count": 10, "network": {"sha256": "aa"}}}) == first
    assert Score().fingerprint({"fid": 5.0}) == ""
