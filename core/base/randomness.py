"""Randomness is torch's global stream, seeded at each step from (seed, purpose, step).

No random state is stored: the draws of a step depend on the step's number alone, so a resumed run draws what an
uninterrupted run draws, and an evaluation cannot disturb training.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def derive_seed(*parts: str | int) -> int:
    """A 63-bit seed derived from `parts`; equal parts give equal seeds on every machine."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def seed_everything(*parts: str | int) -> None:
    """Seed torch's streams (CPU and every accelerator) from `parts`."""
    torch.manual_seed(derive_seed(*parts))


@contextmanager
def fork_rng() -> Iterator[None]:
    """Continue the global streams (CPU and every accelerator), and restore them afterwards."""
    with torch.random.fork_rng(devices=range(torch.accelerator.device_count())):
        yield


@contextmanager
def isolated_rng(*parts: str | int) -> Iterator[None]:
    """Draw from a stream seeded from `parts`, and restore the caller's afterwards.

    Args:
        parts: names and numbers that the seed is derived from.

    Returns:
        A context manager; inside, torch's global streams (CPU and every accelerator) are the seeded ones.
    """
    with fork_rng():
        seed_everything(*parts)
        yield


@contextmanager
def derived_rng(*parts: str | int) -> Iterator[None]:
    """Draw from a stream seeded from `parts` and the state of the caller's stream, which is restored afterwards."""
    with fork_rng():
        seed_everything(*parts, int(torch.randint(2**62, ())))
        yield


def generator_of(*parts: str | int) -> torch.Generator:
    """A generator on the CPU, seeded from `parts`, that leaves the global streams alone."""
    return torch.Generator().manual_seed(derive_seed(*parts))


def permutation(length: int, *parts: str | int) -> Tensor:
    """A permutation of `range(length)` that depends on `parts` alone.

    Args:
        length: how many indices.
        parts: names and numbers that the seed is derived from.

    Returns:
        int64 (length,), on the CPU.
    """
    return torch.randperm(length, generator=generator_of(*parts))
