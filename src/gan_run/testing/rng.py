"""Who draws from which stream of random numbers."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def only_torch_rng(*, seeded: bool = False) -> Iterator[None]:
    """Within, nothing may be drawn but from torch's global stream, and that may not be seeded, unless `seeded` is on: a
    run seeds it at every step, and what seeded it besides would draw the same numbers over and over."""
    torch.manual_seed(20)
    seed, python, numpy = torch.initial_seed(), random.getstate(), _numpy()
    yield
    assert seeded or torch.initial_seed() == seed, "it seeds torch's global stream, which is not its to seed"
    assert random.getstate() == python, "it draws from Python's stream: draw from torch's"
    assert _numpy() == numpy, "it draws from numpy's global stream: draw from torch's"


def _numpy() -> str:
    return repr(np.random.get_state(legacy=False))  # whether that stream was touched is the question
