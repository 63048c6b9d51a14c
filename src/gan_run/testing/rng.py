"""A check of which random number generators are used."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def only_torch_rng(*, seeded: bool = False) -> Iterator[None]:
    """Assert that the body draws random numbers from torch's global generator alone, and does not seed it.

    A run seeds that generator at every step; a component that seeds it too gets the same numbers again and again.

    Args:
        seeded: Whether the body may seed it, as a step of training does.
    """
    torch.manual_seed(20)
    seed, python, numpy = torch.initial_seed(), random.getstate(), _numpy()
    yield
    assert seeded or torch.initial_seed() == seed, "it seeds torch's global generator: remove the call"
    assert random.getstate() == python, "it uses Python's random: use torch's global generator"
    assert _numpy() == numpy, "it uses numpy's global generator: use torch's"


def _numpy() -> str:
    return repr(np.random.get_state(legacy=False))  # the legacy generator is the one to compare
