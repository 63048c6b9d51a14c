"""Train and test splits that are the same on every machine: by the name of each item, or by a fixed permutation."""

import hashlib
import logging
from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from gan_run.core.base.errors import DataError
from gan_run.core.base.randomness import permutation

logger = logging.getLogger("gan_run")


def in_test_split(key: str, fraction: float) -> bool:
    """Whether an item belongs to the test split.

    The answer depends on the name alone: it is the same on every machine and for every set of other items. An item that
    is in the test split stays there when `fraction` grows.

    Args:
        key: the item's name.
        fraction: the share of the items in the test split, in [0, 1].
    """
    return int.from_bytes(_digest(key, 8), "big") < fraction * 2**64


def split_by_name(names: Sequence[str], split: Literal["train", "test"], test_fraction: float) -> list[int]:
    """The items of a split, in a fixed random order.

    An added name moves no other name to the other split. The order depends on each name alone as well: validation
    images are the last ones of the training split, and in the order of the names they might all be of one class.

    Args:
        names: the names of all items.
        split: which split.
        test_fraction: the share of the items in the test split, in [0, 1].

    Returns:
        Indices into `names`.

    Raises:
        DataError: no training items are left.
    """
    chosen = [index for index, name in enumerate(names) if in_test_split(name, test_fraction) == (split == "test")]
    if split == "train" and not chosen:
        raise DataError(
            f"data.test_fraction: {test_fraction:g} leaves none of {len(names)} images to train on: 0 trains on all"
        )
    return sorted(chosen, key=lambda index: _digest(f"order {names[index]}", 64))


def warn_of_uneven_split(train: int, test: int, test_fraction: float) -> None:
    """Warn where names, which decide at random, leave many more images to the test split than its fraction.

    Args:
        train: The number of training images.
        test: The number of test images.
        test_fraction: The share that was asked for, in [0, 1].
    """
    count = train + test
    if test_fraction and test > 1 + 2 * test_fraction * count:
        logger.warning(
            "data.test_fraction: %d of %d images are test images, more than a share of %g, since their names decide: 0 "
            "trains on all",
            test,
            count,
            test_fraction,
        )


def split_at_random(count: int, split: Literal["train", "test"], test: int, key: str) -> Tensor:
    """The items of a split of a fixed set, such as all combinations of some factors, in a fixed random order.

    Args:
        count: Number of items.
        split: Which split.
        test: Number of items in the test split.
        key: A name; each gives another order.

    Returns:
        int64 (count - test,) or (test,), on the CPU.

    Raises:
        DataError: No training items are left.
    """
    if test >= count:
        raise DataError(f"data.test: {test} leaves none of {count} images to train on")
    order = permutation(count, key)
    return order[count - test :] if split == "test" else order[: count - test]


def _digest(name: str, size: int) -> bytes:
    # File names that are no valid UTF-8 reach Python as lone surrogates.
    return hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=size).digest()
