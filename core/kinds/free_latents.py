"""The continuous latents as variables that are optimised within the values that their priors draw."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_run.core.kinds.latent_module import LatentModule, Values
from gan_run.core.kinds.latent_space import LatentSpace

PULL = 1e-4
"""Weight of the nats of the prior, where the loss is of order 1e-2."""


@dataclass(frozen=True)
class Interval:
    """Which values a latent may take."""

    low: Tensor
    """The smallest value that was drawn: a scalar, or one per component of a vector."""
    high: Tensor
    spread: Tensor
    """Their standard deviation: the unit in which the latent is optimised."""
    period: float | None

    @classmethod
    def of(cls, latent: LatentModule, drawn: Tensor) -> "Interval":
        """The interval of the values (M, …) that a prior drew, the same for all copies."""
        each = drawn.reshape(-1, *latent.value_shape)
        spread = each.std(dim=0, correction=0).clamp_min(1e-6)
        return cls(each.amin(dim=0), each.amax(dim=0), spread, latent.period)

    def nearest(self, value: Tensor) -> Tensor:
        """The nearest values of the interval; an angle is turned into it."""
        if self.period is not None:
            return self.low + (value - self.low) % self.period
        return value.clamp(self.low, self.high)


class FreeLatents:
    """The latents that have a gradient: real numbers, angles and vectors.

    Args:
        latents: The model's latents.
        drawn: Many values of each, by name.

    Attributes:
        intervals: By the name of each.
    """

    def __init__(self, latents: LatentSpace, drawn: Values) -> None:
        self._latents = latents
        free = [name for name in latents if latents[name].cardinality is None and drawn[name].is_floating_point()]
        self.intervals: Mapping[str, Interval] = {name: Interval.of(latents[name], drawn[name]) for name in free}

    def variables(self, values: Values, names: Iterable[str]) -> dict[str, Tensor]:
        """Some of the latents as leaves of a graph, in units of their spread."""
        units = {name: (values[name] / self.intervals[name].spread).detach() for name in names}
        return {name: unit.clone().requires_grad_() for name, unit in units.items()}

    def values_of(self, variables: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The values of variables, with their graph."""
        return {name: variable * self.intervals[name].spread for name, variable in variables.items()}

    @torch.no_grad()
    def restrict(self, variables: Mapping[str, Tensor]) -> None:
        """Move variables to the nearest values of their intervals."""
        for name, variable in variables.items():
            interval = self.intervals[name]
            variable.copy_(interval.nearest(variable * interval.spread) / interval.spread)

    def pull(self, values: Values, names: Iterable[str]) -> Tensor:
        """-log p(value) of some latents, times a small weight, (N,): that of a Gaussian draws values to its mean. A
        prior that is constant, or whose density is not known, draws them nowhere."""
        total = next(iter(values.values())).new_zeros(()).float()
        for name in names:
            latent = self._latents.conditional(name, values)
            if latent.has_log_prior:
                nats = latent.log_prior(values[name])
                if nats.requires_grad:
                    total = total - PULL * nats
        return total
