"""Pictures of more than 8 bits per channel, scaled down to 8; Pillow's own conversion clips them to white."""

import numpy as np
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile

WHITE_IS_ZERO = 0
"""TIFF's photometric interpretation of negatives, as scanners and microscopes write them."""
SIXTEEN = 16


def to_eight_bits(opened: Image.Image) -> Image.Image:
    """An upright copy of a picture with 8 bits per channel.

    Args:
        opened: A picture of any mode.

    Returns:
        The picture rotated as its EXIF says; 16-bit gray ones in mode L, or LA where a value is transparent.

    Raises:
        ValueError: Its pixels have no defined white.
    """
    upright = ImageOps.exif_transpose(opened)
    # Pillow opens 16-bit PGM, and older ones 16-bit gray PNG, as integers of 32 bits.
    if upright.mode.startswith("I;16") or (upright.mode == "I" and opened.format in ("PNG", "PPM")):
        return _scaled(upright, opened)
    if upright.mode in ("I", "F"):
        raise ValueError("pixels of 32 bits, or signed ones, have no defined white: save the file with 8 or 16 bits")
    return upright


def _scaled(upright: Image.Image, opened: Image.Image) -> Image.Image:
    bits, negative = _tiff_bits(opened) if isinstance(opened, TiffImageFile) else (SIXTEEN, False)
    values, white = np.asarray(upright).astype(np.uint32), 2**bits - 1
    gray = ((white - values if negative else values) * 255 + white // 2) // white
    picture = Image.fromarray(gray.astype(np.uint8))
    transparent = upright.info.get("transparency")
    if not isinstance(transparent, int):
        return picture
    picture.putalpha(Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8)))
    return picture


def _tiff_bits(opened: TiffImageFile) -> tuple[int, bool]:
    """The bits of a gray value, 12 or 16, and whether zero is white."""
    bits = opened.tag_v2.get(BITSPERSAMPLE, (SIXTEEN,))[0]
    return bits, opened.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == WHITE_IS_ZERO
