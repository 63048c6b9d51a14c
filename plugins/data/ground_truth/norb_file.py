"""The authors' files of smallNORB: a magic number, the number of dimensions, at least three sizes, then the numbers."""

import io
import struct

from gan_run import ArrayHeader, read_exactly

TYPES = {0x1E3D4C55: "uint8", 0x1E3D4C54: "int32"}
"""The magic numbers of bytes and of integers; the format has others, which smallNORB does not use."""
LEAST_SIZES = 3
"""Arrays of fewer dimensions have sizes without meaning up to this number."""


def read_norb_header(file: io.BufferedIOBase) -> ArrayHeader:
    """Read the header of a file, little-endian. Raises ValueError if it has none."""
    magic, dimensions = struct.unpack("<2i", read_exactly(file, 8))
    if magic not in TYPES:
        raise ValueError(f"its magic number is {magic:#x}, not {' or '.join(map(hex, TYPES))}")
    if not 1 <= dimensions <= 4:
        raise ValueError(f"its header states {dimensions} dimensions")
    stored = max(LEAST_SIZES, dimensions)
    sizes = struct.unpack(f"<{stored}i", read_exactly(file, 4 * stored))[:dimensions]
    if min(sizes) < 0:
        raise ValueError(f"its header states the sizes {sizes}")
    return ArrayHeader(tuple(sizes), TYPES[magic])
