"""A full disk costs a line, and nothing else."""

from pathlib import Path

import pytest

from full_disk import can_mount, disk_trials, file_trials, small_disk


def test_a_full_disk_is_answered_and_the_same_command_finishes(tmp_path: Path) -> None:
    if not can_mount(tmp_path / "try"):
        pytest.skip("mounting a disk takes rights that this user lacks")
    with small_disk(tmp_path / "disk") as disk:
        figures = disk_trials(4, disk)
    assert figures.wrong == []
    assert figures.answered == figures.finished == figures.tries == 4
    assert len(figures.files) >= 2


def test_a_disk_that_is_full_at_any_file_is_answered_and_the_same_command_finishes(tmp_path: Path) -> None:
    figures = file_trials(5, tmp_path / "trial")
    assert figures.wrong == []
    assert figures.answered == figures.finished == figures.tries == 5
    assert len(figures.files) >= 3
