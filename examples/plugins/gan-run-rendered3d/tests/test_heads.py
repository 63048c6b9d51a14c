from pathlib import Path

import numpy as np
import pytest
from gan_run_rendered3d.heads import AVERAGE, Heads, Person

from gan_run import DataError


@pytest.fixture(scope="module")
def heads() -> Heads:
    return Heads(None)


@pytest.fixture
def average(heads: Heads) -> Person:
    return AVERAGE._replace(local=np.zeros(len(heads.pairs)))


def test_a_head_is_two_units_high_and_symmetrical(heads: Heads, average: Person) -> None:
    points = heads.shape(average, width=0, mouth_open=0)
    assert np.ptp(points[:, 1]) == pytest.approx(2)
    assert points[:, 0].min() == pytest.approx(-points[:, 0].max(), abs=0.01)
    assert heads.triangles.min() == 0
    assert heads.triangles.max() == len(points) - 1


def test_width_widens_and_leaves_height_and_depth(heads: Heads, average: Person) -> None:
    narrow, usual, wide = (np.ptp(heads.shape(average, width, 0), axis=0) for width in (-1, 0, 1))
    assert narrow[0] < 0.95 * usual[0]
    assert wide[0] > 1.05 * usual[0]
    np.testing.assert_allclose(narrow[1:], usual[1:], rtol=0.05)
    np.testing.assert_allclose(wide[1:], usual[1:], rtol=0.05)


def test_an_open_mouth_moves_the_jaw_down_and_the_skull_not_at_all(heads: Heads, average: Person) -> None:
    shut, ajar, agape = (heads.shape(average, 0, opened) for opened in (0, 0.5, 1))
    moved = agape - shut
    np.testing.assert_allclose(ajar - shut, moved / 2, atol=1e-9)
    assert moved[:, 1].min() < -0.1
    assert not moved[shut[:, 1] > 0.5].any()


def test_people_differ_and_a_seed_says_who_they_are(heads: Heads) -> None:
    first, second = (heads.draw(np.random.default_rng(seed)) for seed in (0, 1))
    again = heads.draw(np.random.default_rng(0))
    assert np.array_equal(heads.shape(first, 0, 0), heads.shape(again, 0, 0))
    assert abs(heads.shape(first, 0, 0) - heads.shape(second, 0, 0)).max() > 0.05
    assert first.race.sum() == pytest.approx(1)


def test_left_and_right_are_changed_alike(heads: Heads, average: Person) -> None:
    everything = average._replace(local=np.full(len(heads.pairs), 0.4))
    points = heads.shape(everything, 0, 0)
    assert points[:, 0].min() == pytest.approx(-points[:, 0].max(), abs=0.02)


def test_assets_that_are_not_there_are_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"base\.obj cannot be read.*data\.assets"):
        Heads(tmp_path)
