"""Where an inversion starts: at what Q reads off an image, with noise that is drawn several times."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.encoding import Encoding
from gan_run.core.kinds.free_latents import FreeLatents
from gan_run.core.kinds.latent_module import Values
from gan_run.core.kinds.latent_space import CodeDim, LatentSpace, code_dims_by_name

STARTS = 64
"""Values of the noise that are tried."""
CATEGORIES = 4
"""The most likely combinations of categories that are tried."""


class Starts:
    """Values of all latents from which images are sought. They depend on the seed, and on what Q reads.

    Args:
        latents: The model's latents.
        free: The continuous ones.
        seed: The seed of what is drawn.
    """

    def __init__(self, latents: LatentSpace, free: FreeLatents, seed: int) -> None:
        self._latents, self._free, self._seed = latents, free, seed

    def blind(self) -> dict[str, Tensor]:
        """`STARTS` values of each latent, drawn from the priors."""
        return self._drawn({})

    def reading(self, codes: Encoding, image: int) -> dict[str, Tensor]:
        """The same at the codes of an image, where the `CATEGORIES` most likely combinations take turns.

        Args:
            codes: The codes of N images.
            image: Which of them.
        """
        held: dict[CodeDim, Tensor] = {}
        discrete: dict[CodeDim, Tensor] = {}
        for dim in (dim for name in codes for dim in self._dims(name)):
            if self._latents[dim.name].cardinality is not None:
                discrete[dim] = self._latents.value_of(codes.probabilities, dim)[image]
            else:
                value = self._latents.value_of(codes, dim)[image].to(self._latents[dim.name].device)
                held[dim] = self._free.intervals[dim.name].nearest(value) if dim.name in self._free.intervals else value
        turns = torch.arange(STARTS)
        combinations = likeliest(list(discrete.values()), CATEGORIES)
        for dim, categories in zip(discrete, combinations.unbind(1), strict=True):
            held[dim] = categories[turns % len(categories)]
        return self._drawn(held)

    def _drawn(self, held: dict[CodeDim, Tensor]) -> dict[str, Tensor]:
        with isolated_rng("invert", self._seed):
            return self._latents.sample(STARTS, held=held)

    def _dims(self, name: str) -> Sequence[CodeDim]:
        return code_dims_by_name({name: self._latents[name].count})[name]


def likeliest(probabilities: Sequence[Tensor], most: int) -> Tensor:
    """The most likely combinations of independent categories.

    Args:
        probabilities: Those of the categories of each of D codes, (K,) each.
        most: How many combinations.

    Returns:
        int64 (M, D), M at most `most`, the likeliest first.
    """
    found, logs = torch.empty(1, 0, dtype=torch.int64), torch.zeros(1)
    for each in probabilities:
        joint = logs.unsqueeze(1) + each.log().unsqueeze(0)
        logs, at = joint.flatten().topk(min(most, joint.numel()))
        found = torch.cat([found[at // len(each)], (at % len(each)).unsqueeze(1)], dim=1)
    return found


def nearest_starts(values: Values, losses: Tensor, discrete: Sequence[str], kept: int) -> list[int]:
    """The best starts: first the best of each combination of categories, then others.

    Args:
        values: The values of each start.
        losses: Their losses, (STARTS,).
        discrete: The discrete latents.
        kept: How many.

    Returns:
        Their numbers, the best of all first.
    """
    order: list[int] = losses.argsort(stable=True).tolist()
    seen: set[tuple[float, ...]] = set()
    first: list[int] = []
    rest: list[int] = []
    for start in order:
        combination = tuple(value for name in discrete for value in values[name][start].flatten().tolist())
        (rest if combination in seen else first).append(start)
        seen.add(combination)
    return (first + rest)[:kept]
