"""A source of images for people with a folder of pictures."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Literal

import torch
from PIL import Image, ImageColor
from pydantic import Field, field_validator
from torch import Tensor

from gan_run import (
    DataError,
    DataInfo,
    DataSource,
    Decoded,
    Decoding,
    ImageSet,
    ImageShape,
    SpecPath,
    Split,
    UnreadableError,
    cache_folder,
    decode_once,
    split_by_name,
)
from gan_run.plugins.image_folder.decoding import Decoder, Fit
from gan_run.plugins.image_folder.listing import class_names, list_pictures

logger = logging.getLogger("gan_run")

NAMED_WHEN_SKIPPED = 5
"""How many of the skipped pictures the log names."""


class ImageFolder(DataSource):
    """The pictures in a folder and the folders below it, made square and of one size.

    A picture is turned upright (EXIF) and anything transparent is laid on `background`. Which split it is in depends
    on its path inside `root` alone, so adding pictures moves none from one split to the other. The images made are kept
    in `cache`, so that only the first run with a folder decodes it.
    """

    type: Literal["image-folder"] = "image-folder"
    root: SpecPath = Field(description="The folder.")
    size: int = Field(ge=1, description="Height and width of the images made, in pixels.")
    channels: Literal[1, 3] = Field(default=3, description="1 for gray, 3 for colour.")
    fit: Fit = Field(
        default="crop",
        description="How a picture becomes square: crop its middle, pad it with the background, or stretch it.",
    )
    mirror: bool = Field(default=False, description="Whether to train on each picture flipped left to right, too.")
    background: str = Field(default="white", description="Behind what is transparent: a colour's name, or #rrggbb.")
    labels: Literal["none", "folders"] = Field(
        default="none", description='With "folders", the folder directly in `root` that a picture is in is its class.'
    )
    test_fraction: float = Field(default=0.1, ge=0, lt=1, description="About which part of the pictures to test on.")
    on_error: Literal["error", "skip"] = Field(
        default="error", description="What to do about a picture that cannot be read; `skip` logs which ones."
    )
    cache: SpecPath = Field(
        default_factory=lambda: cache_folder("images"), description="Where the images made are kept."
    )

    @field_validator("background")
    @classmethod
    def _check_background(cls, colour: str) -> str:
        try:
            channels = ImageColor.getrgb(colour)
        except ValueError:
            raise ValueError(f"{colour!r} is not a colour: give a name such as 'white', or '#rrggbb'") from None
        if len(channels) != 3:
            raise ValueError(f"{colour!r} is transparent itself: give an opaque colour, such as '#rrggbb'")
        return colour

    def describe(self) -> DataInfo:
        """As the files' names tell: pictures that turn out to be unreadable are counted."""
        paths = list_pictures(self.root)
        names = class_names(paths, self.root) if self.labels == "folders" else None
        sizes: dict[Split, int] = {split: len(self._choose(paths, split)) for split in ("train", "test")}
        return DataInfo(ImageShape(self.channels, self.size, self.size), sizes, names)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        paths = list_pictures(self.root)
        names = class_names(paths, self.root) if self.labels == "folders" else None
        chosen = self._choose(paths, split)
        decoded = self._decode(chosen)
        images = decoded.images
        if decoded.unreadable:
            images, chosen = self._leave_out(decoded, chosen)
        labels = None
        if names is not None:
            classes = {name: index for index, name in enumerate(names)}
            labels = torch.tensor([classes[path.parts[0]] for path in chosen], dtype=torch.int64)
        return ImageSet(images, labels, mirrored=self.mirror and split == "train")

    def _choose(self, paths: list[PurePosixPath], split: Literal["train", "test"]) -> list[PurePosixPath]:
        return [paths[index] for index in split_by_name([str(path) for path in paths], split, self.test_fraction)]

    def _decode(self, paths: list[PurePosixPath]) -> Decoded:
        decoder = Decoder(self.size, self.channels, self.fit, self.background)

        def decode(path: Path) -> Tensor:
            try:
                return decoder.decode(path)
            except UnreadableError as error:
                if self.on_error == "skip":
                    raise
                raise UnreadableError(f'{error}; set data.on_error to "skip" to go on without') from error

        decoding = Decoding(
            files=[self.root / path for path in paths],
            image=ImageShape(self.channels, self.size, self.size),
            transform={"source": "image-folder", **asdict(decoder)},
            decode=decode,
            skip_unreadable=self.on_error == "skip",
        )
        with _bombs_are_errors():
            return decode_once(decoding, self.cache)

    def _leave_out(self, decoded: Decoded, paths: list[PurePosixPath]) -> tuple[Tensor, list[PurePosixPath]]:
        reasons = list(decoded.unreadable.values())
        if len(reasons) == len(paths):
            raise DataError(f"none of the {len(paths)} pictures can be used; the first: {reasons[0]}")
        more = len(reasons) - NAMED_WHEN_SKIPPED
        shown = [*reasons[:NAMED_WHEN_SKIPPED], *([f"and {more} more"] if more > 0 else [])]
        logger.warning("skipped %d of %d pictures: %s", len(reasons), len(paths), "; ".join(shown))
        kept = [row for row in range(len(paths)) if row not in decoded.unreadable]
        return decoded.images[kept], [paths[row] for row in kept]


@contextmanager
def _bombs_are_errors() -> Iterator[None]:
    # The list of filters is common to all threads: set around the pool, since setting it in each would race.
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield
