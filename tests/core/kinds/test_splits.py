"""A split that is not as its source describes it is refused before it is used."""

from collections.abc import Callable
from typing import Any, Literal

import pytest
import torch
from pydantic import Field

from gan_run import (
    Column,
    DataError,
    DataInfo,
    DataSource,
    ImageSet,
    ImageShape,
    PixelCodec,
    PluginError,
    Splits,
)

LABEL = Column("categorical", ("a", "b"))
INFO: dict[str, Any] = {"image": ImageShape(1, 4, 6), "sizes": {"train": 10, "test": 3}, "columns": {"label": LABEL}}


class Described(DataSource):
    """Ten training images of 4x6 pixels in two classes, described as the test wants."""

    type: Literal["described"] = "described"
    info: dict[str, Any] = Field(default_factory=dict)

    def describe(self) -> DataInfo:
        return DataInfo(**{**INFO, **self.info})

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        count = 10 if split == "train" else 3
        return ImageSet(torch.zeros(count, 1, 4, 6, dtype=torch.uint8), {"label": torch.arange(count) % 2})


@pytest.mark.parametrize("validation", [0, 4])
def test_what_is_as_described_is_opened(validation: int) -> None:
    splits = Splits(Described(validation=validation))
    assert splits["train"].count == 10 - validation
    assert splits["test"].count == 3
    if validation:
        assert splits["validation"].count == 4


@pytest.mark.parametrize(
    ("info", "message"),
    [
        ({"sizes": {"train": 11, "test": 3}}, "it has 10 images, and not 11"),
        ({"image": ImageShape(1, 6, 4)}, "images of 4x6, 1 channel(s), and not of 6x4, 1 channel(s)"),
        ({"columns": {}}, "the columns ['label'], and not []"),
        ({"columns": {"label": Column("categorical", ("a",))}}, "in the column 'label' categories up to 1 for 1 names"),
        ({"columns": {"label": Column("angle")}}, "values of type torch.int64, and not floating point"),
        ({"columns": {"label": Column("categorical", shape=(2,))}}, "values of shape (), and not (2,)"),
        ({"codec": PixelCodec("uint8", 0.0, 1.0)}, "and not as PixelCodec(dtype='uint8', low=0.0, high=1.0)"),
    ],
)
def test_what_is_not_as_described_is_refused_with_each_difference(info: dict[str, Any], message: str) -> None:
    with pytest.raises(PluginError) as refused:
        Splits(Described(info=info))["train"]
    assert "the train split of described is not as `describe` says" in str(refused.value)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ImageSet(torch.zeros(2, 1, 4, 4)),
            r"uint8 \(M, C, H, W\) .*not torch.float32 \(2, 1, 4, 4\)",
        ),
        (lambda: ImageSet(torch.zeros(2, 4, dtype=torch.uint8)), r"not torch.uint8 \(2, 4\)"),
        (
            lambda: ImageSet(torch.zeros(2, 1, 4, 4, dtype=torch.uint8), {"label": torch.zeros(3)}),
            "3 of them for 2 images",
        ),
    ],
)
def test_a_set_of_anything_but_images_is_refused(make: Callable[[], ImageSet], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make()
