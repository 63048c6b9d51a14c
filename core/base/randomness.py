"""Randomness is torch's global stream, seeded afresh at each step from (seed, purpose, step).

Nothing random is stored: what happens at a step depends on its number alone, so a resumed run draws what an
uninterrupted one would have drawn, and an evaluation cannot disturb training.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def derive_seed(*parts: str | int) -> int:
    """A 63-bit seed from anything that tells two draws apart; equal parts give equal seeds on every machine."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def seed_everything(*parts: str | int) -> None:
    """Seed torch's streams (CPU and every accelerator) from `parts`."""
    torch.manual_seed(derive_seed(*parts))


@contextmanager
def fork_rng() -> Iterator[None]:
    """Draw on from where the caller's stream is, and leave that as it was."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        yield


@contextmanager
def isolated_rng(*parts: str | int) -> Iterator[None]:
    """Draw from a stream of one's own, and leave the caller's as it was."""
    with fork_rng():
        seed_everything(*parts)
        yield


@contextmanager
def derived_rng(*parts: str | int) -> Iterator[None]:
    """Draw from a stream that follows from where the caller's is, and leave that as it was."""
    with fork_rng():
        seed_everything(*parts, int(torch.randint(2**62, ())))
        yield


def permutation(length: int, *parts: str | int) -> Tensor:
    """A permutation of `range(length)` that depends on `parts` alone, (length,)."""
    return torch.randperm(length, generator=torch.Generator().manual_seed(derive_seed(*parts)))
