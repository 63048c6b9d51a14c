"""Samples of which each depends on the seed, its number and its codes alone, however many are drawn."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from torch import Tensor

from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.latent_module import Values
from gan_run.core.kinds.latent_space import CodeDim, LatentSpace

BLOCK = 32
"""Samples that are always drawn and generated together: random numbers, and the rounding of a convolution, depend on
how many there are."""


class Wanted(NamedTuple):
    """One sample."""

    seed: int
    number: int
    """From 0."""
    codes: Mapping[CodeDim, Tensor]
    """The values of codes that are not drawn, scalars."""
    name: str = ""
    """What its file is called, without a suffix; empty for its place among the samples."""


class Samples(NamedTuple):
    """N samples."""

    wanted: Sequence[Wanted]
    values: dict[str, Tensor]
    """The values of all latents, (N, …) by name, on the CPU."""
    images: Tensor
    """(N, C, H, W) in [-1, 1], on the CPU."""


def numbered_samples(
    latents: LatentSpace, generate: Callable[[Values], Tensor], wanted: Iterable[Wanted], size: int = BLOCK
) -> Iterator[Samples]:
    """Generate samples, at most `size` at a time, in their order.

    Args:
        latents: The model's latents.
        generate: Images (N, C, H, W) of the values of all latents.
        wanted: The samples.
        size: How many are drawn together. Another size gives other samples.

    Returns:
        An iterator over all samples.
    """
    for block in _blocks(wanted, size):
        seed, start = block[0].seed, block[0].number // size
        rows = [one.number % size for one in block]
        values = _values(latents, block, rows, size)
        with isolated_rng("generate", seed, start):
            images = generate(values)
        yield Samples(block, {name: value[rows].cpu() for name, value in values.items()}, images[rows])


def _blocks(wanted: Iterable[Wanted], size: int) -> Iterator[list[Wanted]]:
    """Successive samples that are drawn together."""
    for _, together in groupby(wanted, key=lambda one: (one.seed, one.number // size)):
        block: list[Wanted] = []
        for one in together:
            if one.number in {other.number for other in block}:
                yield block
                block = []
            block.append(one)
        yield block


def _values(latents: LatentSpace, block: Sequence[Wanted], rows: Sequence[int], size: int) -> dict[str, Tensor]:
    """The values of a whole block, in which `rows` are those of `block`."""
    stream = ("sample", block[0].seed, block[0].number // size)
    with isolated_rng(*stream):
        drawn = latents.sample(size)
    held: dict[CodeDim, Tensor] = {}
    for dim in dict.fromkeys(dim for one in block for dim in one.codes):
        held[dim] = latents.value_of(drawn, dim).clone()
        for row, one in zip(rows, block, strict=True):
            if dim in one.codes:
                held[dim][row] = one.codes[dim]
    if not held:
        return drawn
    with isolated_rng(*stream):  # again, since latents that depend on a held one are drawn given its value
        return latents.sample(size, held=held)
