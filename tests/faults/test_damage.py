"""What is damaged is named, or does no harm."""

from pathlib import Path

from damage import damage_trials
from gan_run.registry.plugins import Registry


def test_damaged_files_are_never_used_in_silence(tmp_path: Path, registry: Registry) -> None:
    figures = damage_trials(10, 2, tmp_path / "trial", registry)
    assert figures.tries > 25
    assert figures.named > 10
    assert figures.silent == []
    assert figures.unclear == []
