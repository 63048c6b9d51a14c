"""Tables of small pictures, each of a number."""

import io
from typing import Any

import numpy as np
from datasets import Array3D, ClassLabel, Dataset, Features, List, Value
from datasets import Image as Picture
from PIL import Image

FEATURES = Features(
    {
        "image": Picture(),
        "digit": ClassLabel(names=["zero", "one", "two"]),
        "azimuth": Value("float32"),
        "person": Value("string"),
        "age": Value("int32"),
        "text": List(Value("float32")),
        "mask": Array3D((1, 2, 2), "uint8"),
    }
)


def png(picture: Image.Image, **options: Any) -> bytes:
    """The bytes of a PNG file."""
    file = io.BytesIO()
    picture.save(file, format="PNG", **options)
    return file.getvalue()


def numbered(numbers: range, missing: frozenset[int] = frozenset()) -> Dataset:
    """Pictures of 8x8, each of its number: in red, blue at the right. Those in `missing` have no values."""

    def known(number: int, value: object) -> object:
        return None if number in missing else value

    pixels = np.zeros((len(numbers), 8, 8, 3), dtype=np.uint8)
    pixels[..., 0] = np.array(numbers)[:, None, None]
    pixels[..., 4:, 2] = 255
    columns = {
        "image": [Image.fromarray(picture) for picture in pixels],
        "digit": [known(number, number % 3) for number in numbers],
        "azimuth": [known(number, number * 1.5) for number in numbers],
        "person": [known(number, "ben" if number % 2 else "anna") for number in numbers],
        "age": [known(number, number + 20) for number in numbers],
        "text": [known(number, [number, number / 4]) for number in numbers],
        "mask": [np.full((1, 2, 2), number) for number in numbers],
    }
    return Dataset.from_dict(columns, features=FEATURES)
