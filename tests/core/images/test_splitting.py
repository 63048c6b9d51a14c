import pytest

from gan_run import DataError
from gan_run.core.images.splitting import in_test_split, split_at_random

NAMES = [f"folder/{number}.png" for number in range(10_000)]


def test_about_the_fraction_asked_for_is_tested_on():
    tested = sum(in_test_split(name, 0.1) for name in NAMES)
    assert 900 < tested < 1100  # 1000, with a standard deviation of 30


def test_a_fraction_of_zero_tests_on_nothing_and_of_one_on_everything():
    assert not any(in_test_split(name, 0.0) for name in NAMES)
    assert all(in_test_split(name, 1.0) for name in NAMES)


def test_a_larger_test_split_contains_the_smaller_one():
    assert all(in_test_split(name, 0.3) for name in NAMES if in_test_split(name, 0.1))


def test_the_answer_is_the_same_on_every_machine():
    # The digests that `b2sum -l 64` gives for these names, as fractions of 2**64.
    for key, digest in {"0": 0x842B7D9D43CDDF75, "1": 0xF6FC42039FBA3776, "cat/1.jpg": 0x32018DAFBDE900D2}.items():
        share = digest / 2**64
        assert not in_test_split(key, share - 1e-9)
        assert in_test_split(key, share + 1e-9)


def test_a_name_that_is_not_utf_8_has_a_place_too():
    assert in_test_split("caf\udce9.jpg", 0.0) is False


def test_a_set_is_split_at_random_into_as_many_as_asked_for() -> None:
    train, test = (split_at_random(1000, split, 100, "cars") for split in ("train", "test"))
    assert (len(train), len(test)) == (900, 100)
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(1000))
    assert 400 < test.double().mean() < 600  # 500, with a standard deviation of 29
    assert split_at_random(1000, "test", 100, "cars").equal(test)
    assert not split_at_random(1000, "test", 100, "shapes").equal(test)
    with pytest.raises(DataError, match=r"data\.test: 1000 leaves none of 1000 images"):
        split_at_random(1000, "train", 1000, "cars")
