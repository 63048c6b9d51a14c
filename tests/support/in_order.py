"""A data source that reads the images of a file in order, as a stream. It is a plugin of one file, too."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from gan_run import (
    Batch,
    Column,
    Component,
    DataError,
    DataInfo,
    DataSource,
    Feed,
    FeedContext,
    ImageSet,
    ImageShape,
    StoredImages,
    hookimpl,
)

IMAGE = ImageShape(1, 8, 8)
COUNT = 30


class InOrder(DataSource):
    """The images of a file: a stream, with a state or without, or a set that stays in the file."""

    type: Literal["in-order"] = "in-order"
    file: Path
    kind_of: Literal["stream", "stateless", "set", "breaks"] = "stream"

    def describe(self) -> DataInfo:
        sizes: dict[Any, int] = {"train": COUNT, "test": COUNT} if self.kind_of == "set" else {"test": COUNT}
        return DataInfo(IMAGE, sizes, {"label": Column("categorical", ("even", "odd"))})

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        return ImageSet(StoredImages(self.file, IMAGE, COUNT), {"label": torch.arange(COUNT) % 2})

    def feed(self, context: FeedContext) -> Feed:
        if context.images is not None:
            return super().feed(context)
        feeds = {"stream": InOrderFeed, "stateless": Stateless, "breaks": Breaks}
        return feeds[self.kind_of](StoredImages(self.file, IMAGE, COUNT), context)


class Stateless(Feed):
    def __init__(self, stored: StoredImages, context: FeedContext) -> None:
        self.stored, self.context = stored, context
        self.position = 0

    def batch(self, number: int) -> Batch:
        rows = (torch.arange(self.context.batch_size) + self.position) % COUNT
        self.position += self.context.batch_size
        return self.context.batch(self.stored[rows], {"label": rows % 2})


class InOrderFeed(Stateless):
    def state(self) -> dict[str, Tensor]:
        return {"position": torch.tensor(self.position)}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        self.position = int(state["position"])


class Breaks(InOrderFeed):
    def batch(self, number: int) -> Batch:
        if number == 3:
            raise DataError("shard 3 is damaged")
        return super().batch(number)


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [InOrder]
