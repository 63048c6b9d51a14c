"""Two commands at once never mix their runs."""

from pathlib import Path

from two_commands import PAIRS, pair_trials


def test_two_commands_at_once_have_folders_of_their_own(tmp_path: Path) -> None:
    chosen = ("two specs", "a spec, and the same --fresh", "a spec, and sample of its folder")
    assert set(chosen) < PAIRS.keys()
    figures = pair_trials(1, tmp_path / "trial", chosen)
    assert [found.tries for found in figures.values()] == [1, 1, 1]
    assert {name: found.mixed for name, found in figures.items() if found.mixed} == {}
