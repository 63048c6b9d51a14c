import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_run.core.nn.resolutions import upsampling_plan


@settings(deadline=None)
@given(st.integers(1, 2000))
def test_a_way_leads_from_a_base_between_3_and_7_to_the_size_with_the_most_times(size: int) -> None:
    possible = [(base, times) for base in range(3, 8) for times in range(1, 12) if base * 2**times == size]
    assert upsampling_plan(size) == max(possible, key=lambda found: found[1], default=None)


@settings(deadline=None)
@given(st.sampled_from([3, 4, 5, 7]), st.integers(1, 8))
def test_every_base_times_a_power_of_two_has_a_doubling(base: int, times: int) -> None:
    assert upsampling_plan(base * 2**times) == (base, times)


@pytest.mark.parametrize(
    ("size", "expected"),
    [(28, (7, 2)), (32, (4, 3)), (48, (3, 4)), (64, (4, 4)), (96, (3, 5)), (128, (4, 5))],
)
def test_the_ways_to_common_sizes(size: int, expected: tuple[int, int]) -> None:
    assert upsampling_plan(size) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 9, 13, 15, 18, 22, 27, 29, 36, 100, 178])
def test_sizes_without_a_doubling(size: int) -> None:
    assert upsampling_plan(size) is None
