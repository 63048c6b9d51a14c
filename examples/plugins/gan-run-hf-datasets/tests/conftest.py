import os
from collections.abc import Iterator
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # before `datasets` is imported: no test may download anything

import datasets
import pytest
from tables import numbered


@pytest.fixture(scope="session", autouse=True)
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No progress bars, and nothing in the user's cache."""
    datasets.disable_progress_bars()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def two_splits(tmp_path: Path) -> Path:
    """A DatasetDict on the disk: the numbers 0 to 29 for training, 5 without values, and 100 to 109 for the test."""
    folder = tmp_path / "saved"
    splits = {"train": numbered(range(30), frozenset({5})), "test": numbered(range(100, 110))}
    datasets.DatasetDict(splits).save_to_disk(str(folder))
    return folder
