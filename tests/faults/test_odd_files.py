"""Whatever a file of a dataset is, it is answered or read right."""

from pathlib import Path

from odd_files import odd_file_trials


def test_odd_files_are_answered_or_read_right(tmp_path: Path) -> None:
    figures = odd_file_trials(tmp_path, every=13, seconds=60)
    assert figures.tries > 15
    assert figures.wrong == []
    assert figures.answered + figures.read_right == figures.tries
