"""A dataset from a folder of image files."""

from pathlib import PurePosixPath
from typing import Literal

import torch
from PIL import ImageColor
from pydantic import Field, field_validator

from gan_run import Column, DataInfo, ImageSet, Split, split_by_name
from gan_run.plugins.data.image_files.decoding import Channels, Decoder, Fit, Size
from gan_run.plugins.data.image_files.listing import class_names, list_pictures
from gan_run.plugins.data.image_files.pictures import Pictures


class ImageFolder(Pictures):
    """The image files in a folder and its subfolders, resized to one size.

    Images are rotated upright (EXIF). Transparent ones are composited onto `background`, unless `channels` is 4. The
    split of an image depends on its path relative to `root` alone, so adding files moves no image from one split to the
    other. Decoded images are kept in `cache`, so that only the first run decodes the files.
    """

    type: Literal["image-folder"] = "image-folder"
    size: Size = Field(description="Size of the resized images, in pixels: a side of squares, or [height, width].")
    channels: Channels = Field(
        default=3, description="1 for gray, 3 for colour, 4 for colour and alpha; opaque images have alpha 255."
    )
    fit: Fit = Field(
        default="crop",
        description="How an image gets the shape of `size`: crop the centre, pad with the background (transparent if "
        "`channels` is 4), or stretch.",
    )
    background: str = Field(
        default="white",
        description="Colour behind transparent pixels, without use if `channels` is 4: name or #rrggbb.",
    )
    labels: Literal["none", "folders"] = Field(
        default="none",
        description='With "folders", the class of an image is the folder directly in `root` that holds it.',
    )
    test_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="Approximate fraction of the images in the test split."
    )

    @field_validator("background")
    @classmethod
    def _check_background(cls, colour: str) -> str:
        try:
            channels = ImageColor.getrgb(colour)
        except ValueError:
            raise ValueError(f"{colour!r} is not a colour: give a name such as 'white', or '#rrggbb'") from None
        if len(channels) != 3:
            raise ValueError(f"{colour!r} is transparent: give an opaque colour, such as '#rrggbb'")
        return colour

    def describe(self) -> DataInfo:
        """From the file names alone, without decoding: unreadable files are counted too."""
        paths = list_pictures(self.root)
        columns = {}
        if self.labels == "folders":
            columns = {"label": Column("categorical", class_names(paths, self.root))}
        sizes: dict[Split, int] = {split: len(self._choose(paths, split)) for split in ("train", "test")}
        return DataInfo(self.decoder().image, sizes, columns)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        paths = list_pictures(self.root)
        chosen = self._choose(paths, split)
        columns = {}
        if self.labels == "folders":
            classes = {name: index for index, name in enumerate(class_names(paths, self.root))}
            labels = [classes[path.parts[0]] for path in chosen]
            columns = {"label": torch.tensor(labels, dtype=torch.int64)}
        return self.read(split, [self.root / path for path in chosen], columns)

    def decoder(self) -> Decoder:
        return Decoder(self.size, self.channels, self.fit, self.background)

    def _choose(self, paths: list[PurePosixPath], split: Literal["train", "test"]) -> list[PurePosixPath]:
        return [paths[index] for index in split_by_name([str(path) for path in paths], split, self.test_fraction)]
