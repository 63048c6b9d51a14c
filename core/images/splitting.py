"""Splitting a set without randomness: what falls into the test split depends on each thing's own name alone."""

import hashlib
from collections.abc import Sequence
from typing import Literal

from gan_run.core.base.errors import DataError


def in_test_split(key: str, fraction: float) -> bool:
    """Whether the thing named `key` is one of the `fraction` that are tested on.

    The answer is the same on every machine, whatever else there is, and one that is in a split stays in a larger one.
    """
    return int.from_bytes(_digest(key, 8), "big") < fraction * 2**64


def split_by_name(names: Sequence[str], split: Literal["train", "test"], test_fraction: float) -> list[int]:
    """Indices of the `names` in a split, shuffled once and for all.

    Adding names moves none from one split to the other. The order, too, depends on each name alone: held-out
    validation images are the last ones, and in the order of the names they might all be of one class. Raises DataError
    if nothing is left to train on.
    """
    chosen = [index for index, name in enumerate(names) if in_test_split(name, test_fraction) == (split == "test")]
    if split == "train" and not chosen:
        raise DataError(f"data.test_fraction: {test_fraction:g} leaves none of {len(names)} images to train on")
    return sorted(chosen, key=lambda index: _digest(f"order {names[index]}", 64))


def _digest(name: str, size: int) -> bytes:
    # File names that are no valid UTF-8 reach Python as lone surrogates.
    return hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=size).digest()
