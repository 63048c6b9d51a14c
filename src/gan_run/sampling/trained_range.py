"""Values of codes that training never drew."""

from collections.abc import Iterable, Mapping

from torch import Tensor

from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model

DRAWN = 4096
MARGIN = 0.02
"""Share of the range of the drawn values by which a value may be outside it."""


def outside_training(model: Model, codes: Iterable[Mapping[CodeDim, Tensor]]) -> list[str]:
    """A sentence for each code that has a value far outside the values that its prior draws.

    Args:
        model: The model.
        codes: The values of codes of each sample, scalars.
    """
    extremes: dict[CodeDim, tuple[float, float]] = {}
    for sample in codes:
        for dim, value in sample.items():
            latent = model.latents[dim.name]
            if latent.cardinality is None and latent.period is None and not latent.value_shape:
                low, high = extremes.get(dim, (float(value), float(value)))
                extremes[dim] = min(low, float(value)), max(high, float(value))
    if not extremes:
        return []
    with isolated_rng("range"):
        drawn = model.latents.sample(DRAWN)
    notes = []
    for dim, (low, high) in extremes.items():
        values = model.latents.value_of(drawn, dim)
        least, most = values.min().item(), values.max().item()
        room = MARGIN * (most - least)
        if low < least - room or high > most + room:
            wrong = low if low < least - room else high
            notes.append(f"{dim}={wrong:g}: training drew values from {least:.2f} to {most:.2f}")
    return notes
