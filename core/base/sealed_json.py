"""JSON objects that have a digest of themselves: what was edited or damaged shows when it is read."""

import json
from collections.abc import Mapping
from hashlib import sha256

SEAL = "sha256"
"""The field of the digest."""


def digest_of(value: object) -> str:
    """SHA-256 of a value in JSON's types, in hexadecimal. The order of fields has no part in it."""
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def sealed(content: Mapping[str, object]) -> dict[str, object]:
    """The same object with its digest."""
    return {**content, SEAL: digest_of(content)}


def unsealed(content: Mapping[str, object]) -> dict[str, object]:
    """The object without its digest.

    Args:
        content: What `sealed` returned; or an object without a digest, of an earlier version.

    Raises:
        ValueError: It is not what was written.
    """
    inside = {name: value for name, value in content.items() if name != SEAL}
    if SEAL in content and content[SEAL] != digest_of(inside):
        raise ValueError("it is not what was written")
    return inside
