"""Splitting a set without randomness: what falls into the test split depends on each thing's own name alone."""

import hashlib


def in_test_split(key: str, fraction: float) -> bool:
    """Whether the thing named `key` is one of the `fraction` that are tested on.

    The answer is the same on every machine, whatever else there is, and one that is in a split stays in a larger one.
    """
    # File names that are no valid UTF-8 reach Python as lone surrogates.
    digest = hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < fraction * 2**64
