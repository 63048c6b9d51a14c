"""Two commands at once never mix their runs."""

from pathlib import Path

from two_commands import PAIRS, pair_trials


def test_two_commands_at_once_have_folders_of_their_own(tmp_path: Path) -> None:
    figures = pair_trials(1, tmp_path / "trial")
    assert figures.keys() == PAIRS.keys()
    assert {name: found.mixed for name, found in figures.items() if found.mixed} == {}
