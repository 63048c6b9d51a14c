"""Where specs differ, worked by hand."""

from pathlib import Path

from gan_run.core.run.same_run import ABSENT, DifferingField, differing_fields


def test_fields_are_compared_as_deep_as_all_specs_have_them() -> None:
    specs = [
        {"train": {"steps": 1, "log_every": 5}, "losses": [{"type": "a", "weight": 1.0}]},
        {"train": {"steps": 1, "log_every": 6}, "losses": [{"type": "a", "weight": 0.1}, {"type": "b"}]},
        {"train": {"steps": 2, "log_every": 5}, "losses": ({"type": "c", "beta": 3},)},
    ]
    assert list(differing_fields(specs)) == [
        DifferingField(("train", "steps"), [1, 1, 2], False),
        DifferingField(("train", "log_every"), [5, 6, 5], True),
        DifferingField(("losses", 0, "type"), ["a", "a", "c"], False),
        DifferingField(("losses", 0, "weight"), [1.0, 0.1, ABSENT], False),
        DifferingField(("losses", 0, "beta"), [ABSENT, ABSENT, 3], False),
        DifferingField(("losses", 1), [ABSENT, {"type": "b"}, ABSENT], False),
    ]


def test_lists_of_numbers_are_compared_as_a_whole_where_their_lengths_differ() -> None:
    (field,) = differing_fields([{"hidden": [8]}, {"hidden": [16, 16]}])
    assert field == DifferingField(("hidden",), [[8], [16, 16]], False)
    (item,) = differing_fields([{"betas": [0.5, 0.9]}, {"betas": (0.5, 0.99)}])
    assert item.place == ("betas", 1)


def test_equal_specs_differ_nowhere() -> None:
    assert list(differing_fields([{"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}])) == []
    assert list(differing_fields([{"a": 1}])) == []


def test_where_the_data_lies_decides_no_weights_and_what_it_is_does() -> None:
    found = differing_fields([{"data": {"root": Path("a"), "size": 32}}, {"data": {"root": Path("b"), "size": 64}}])
    assert [(field.place[-1], field.free) for field in found] == [("root", True), ("size", False)]
    (other,) = differing_fields([{"generator": {"weights": Path("a")}}, {"generator": {"weights": Path("b")}}])
    assert not other.free
