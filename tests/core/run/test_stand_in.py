"""`gan-run check` by default: images that stand in for those of a dataset, of which no file is decoded."""

from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from gan_run import Column, DataInfo, DataSource, ImageSet, ImageShape, PixelCodec
from gan_run.cli import main
from gan_run.core.run.stand_in import StandInSplits

CODEC = PixelCodec("uint16", 100, 4000)
INFO = DataInfo(
    ImageShape(2, 8, 6),
    {"train": 700_000, "test": 50},
    {
        "label": Column("categorical", ("a", "b", "c")),
        "person": Column("categorical"),
        "pose": Column("angle"),
        "age": Column("continuous"),
        "partner": Column("continuous", shape=(2, 8, 6)),
    },
    CODEC,
)


class Described(DataSource):
    """A dataset that is described, and whose images cannot be loaded."""

    type: Literal["described"] = "described"

    def describe(self) -> DataInfo:
        return INFO

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        raise AssertionError(split)


def test_stand_ins_are_as_the_data_is_described() -> None:
    splits = StandInSplits(Described())
    for split in ("train", "test"):
        images = splits[split]
        assert (images.count, images.image, images.codec) == (INFO.sizes[split], INFO.image, CODEC)
        assert not images.in_memory
        assert images.columns.keys() == INFO.columns.keys()
        for name, column in INFO.columns.items():
            assert column.mistake_in(images.columns[name]) is None
    labels = splits["train"].labels
    assert labels is not None
    assert labels.bincount().tolist() == [233_334, 233_333, 233_333]
    assert splits["train"].columns["pose"].max() > 350
    batch = splits["train"].batch(torch.tensor([5, 699_999, 12]))
    assert batch.images.shape == (3, 2, 8, 6)
    assert batch.images.amin() < -0.9 < 0.9 < batch.images.amax() <= 1
    assert splits["train"].gather(torch.tensor([3])).dtype == torch.uint16
    assert torch.equal(splits["test"].gather(torch.tensor([3])), splits["test"].gather(torch.tensor([3])))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments of a check of a folder with three pictures, of which one is damaged."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "pictures").mkdir()
    for number in range(20):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / "pictures" / f"{number}.png")
    (tmp_path / "pictures" / "3.png").write_bytes(b"damaged")
    settings: dict[str, Any] = {"data.root": tmp_path / "pictures", "data.size": 16, "train.batch_size": 4}
    return ["check", "dcgan-folder", *(f"--set={place}={value}" for place, value in settings.items())]


def test_check_decodes_no_picture_without_data(folder: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(main, folder)
    assert done.exit_code == 0, done.output
    assert "of 16x16, 3 channel(s), not read: --data reads them" in done.output
    assert not (tmp_path / "cache").exists()


def test_check_with_data_reads_them_as_training_does(folder: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(main, [*folder, "--data"])
    assert done.exit_code == 2
    assert "3.png cannot be read as a picture" in done.output
    done = CliRunner().invoke(main, [*folder, "--data", "--set=data.on_error=skip"])
    assert done.exit_code == 0, done.output
    assert "of 16x16, 3 channel(s)\n" in done.output
    assert list((tmp_path / "cache" / "gan-run" / "images").glob("*/images.npy"))


def test_check_downloads_nothing(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["check", "infogan-mnist", f"--set=data.root={tmp_path}/mnist"])
    assert done.exit_code == 0, done.output
    assert "60000 of 28x28, 1 channel(s), not read" in done.output
    assert not (tmp_path / "mnist").exists()
