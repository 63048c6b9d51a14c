"""A run that is killed, at any moment and as often as it may be, loses nothing and ends with the same files."""

from pathlib import Path

from kills import kill_trials


def test_killed_runs_end_as_undisturbed_ones(tmp_path: Path) -> None:
    figures = kill_trials(6, tmp_path / "trial")
    assert figures.kills == 6
    assert figures.before_operations >= 2
    assert figures.lost == []
    assert figures.diverged == []
