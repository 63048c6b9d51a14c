"""The fields of data sources that resize pictures."""

from typing import Annotated, Literal

from PIL import ImageColor
from pydantic import Discriminator, Field, Tag, field_validator

from gan_run.core.images.picture_decoder import MAX_PIXELS, Channels, Fit, Frames, PictureDecoder
from gan_run.core.kinds.declaration import Declaration

MOST_PIXELS = 2**31 - 1
"""More pixels than Pillow's formats hold."""
Side = Annotated[int, Field(ge=1, le=65_536)]


def _shape_of_size(size: object) -> Literal["square", "rectangle"]:
    return "rectangle" if isinstance(size, (list, tuple)) else "square"


Size = Annotated[
    Annotated[Side, Tag("square")] | Annotated[tuple[Side, Side], Tag("rectangle")], Discriminator(_shape_of_size)
]
"""The side of a square, or (height, width), in pixels. A wrong value has the errors of the form it is written in."""


class ResizedPictures(Declaration):
    """The fields of a data source whose pictures have any size. A source derives from it besides `DataSource`.

    Images are upright (EXIF); transparent ones are composited onto `background`, unless `channels` is 4.
    """

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

    frames: Frames = Field(
        default="error",
        description="What is done about a file of several pages or frames: an error, or `first` takes the first.",
    )
    max_pixels: int = Field(
        default=MAX_PIXELS,
        ge=1,
        le=MOST_PIXELS,
        description="The largest picture that is decoded, in pixels; a larger one cannot be read.",
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

    def decoder(self) -> PictureDecoder:
        """The decoder of the pictures.

        Returns:
            A decoder to images of `size`.
        """
        return PictureDecoder(
            self.size,
            self.channels,
            self.fit,
            self.background,
            frames=self.frames,
            max_pixels=self.max_pixels,
        )
