"""A latent: a named distribution that knows how it is sampled, embedded, recovered and walked.

Shapes: N batch, W columns of the generator's input, P numbers that Q gives to recover one value, `...` any batch shape.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.distributions import Distribution

from gan_run.core.base.device import full_precision
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.component import Component

LogLikelihood = Callable[[Tensor, Tensor], Tensor]
"""(params (..., P), value (...)) -> log Q(value | image) in nats, (...)."""


@dataclass(frozen=True)
class LatentContext:
    """What a latent may look at while it is built."""

    data: DataInfo


class LatentModule(nn.Module, ABC):
    """One independent value of a latent. It may own parameters (a learnt prior): the generator's player trains them."""

    width: int
    """W: columns in the generator's input."""
    posterior_width: int
    """P: numbers Q must output to recover one value."""
    cardinality: int | None = None
    """How many values there are, if the latent is discrete; they are the class indices 0 to cardinality - 1."""
    period: float | None = None
    """After how much values come round again, if they do: 2 pi for an angle."""
    count: int = 1
    """How many independent copies it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("_where", torch.empty(0), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where values are drawn."""
        return self.get_buffer("_where").device

    @abstractmethod
    def sample(self, n: int) -> Tensor:
        """`n` independent values (class index, real number, angle…) from torch's global stream, (n,)."""

    @abstractmethod
    def embed(self, value: Tensor) -> Tensor:
        """What the generator is given for `value`: (...) -> (..., W)."""

    @abstractmethod
    def posterior(self, params: Tensor) -> Distribution:
        """Q(c | x) from what Q's head says of an image: params (..., P) -> a distribution of batch shape (...)."""

    @abstractmethod
    def entropy(self) -> Tensor:
        """H(c) of one value in nats (differential if continuous), a scalar."""

    @abstractmethod
    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        """Values for a traversal, (steps,): from `low` to `high`, by default a telling range; all if discrete."""

    @abstractmethod
    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        """How well Q recovers `value` (N,) from `params` (N, P), in [0, 1]: share of H(c) if discrete, else R2."""

    def fit_prior(self, labels: Tensor) -> None:
        """Told the labels of all training images (M,), where there are any, before the first step."""

    def observe(self, labels: Tensor) -> Tensor | None:
        """The latent's value on real images with these labels (N,), if the data tells; else None."""
        return None

    def log_likelihood(self, params: Tensor, value: Tensor) -> Tensor:
        """log Q(value | image) in nats, (..., P) and (...) -> (...); in float32 even under autocast."""
        return log_prob(self.posterior(full_precision(params)), value)

    def refit_scale(self, params: Tensor, value: Tensor) -> LogLikelihood:
        """The log-likelihood with the posterior's scale, if any, refitted to `params` (N, P) and `value` (N,)."""
        return self.log_likelihood

    def estimate(self, params: Tensor) -> Tensor:
        """The single most likely value, (..., P) -> (...)."""
        mode = self.posterior(full_precision(params)).mode
        assert isinstance(mode, Tensor)
        return mode

    def value(self, number: float) -> Tensor:
        """`number` as a value of this latent, a scalar. Raises ValueError if it is not one."""
        if self.cardinality is None:
            return torch.tensor(float(number))
        if not float(number).is_integer() or not 0 <= number < self.cardinality:
            raise ValueError(f"{number:g} is not a category: they are 0 to {self.cardinality - 1}")
        return torch.tensor(int(number))


def log_prob(distribution: Distribution, value: Tensor) -> Tensor:
    """`distribution.log_prob(value)`, which the subclasses leave untyped."""
    logarithm = distribution.log_prob(value)
    assert isinstance(logarithm, Tensor)
    return logarithm


class Repeated(LatentModule):
    """`count` independent copies of a latent as one: values (N, count, ...), columns side by side."""

    def __init__(self, one: LatentModule, count: int) -> None:
        super().__init__()
        self.one = one
        self.count = count
        self.width = one.width * count
        self.posterior_width = one.posterior_width * count
        self.cardinality = one.cardinality
        self.period = one.period

    def sample(self, n: int) -> Tensor:
        drawn = self.one.sample(n * self.count)
        return drawn.view(n, self.count, *drawn.shape[1:])

    def embed(self, value: Tensor) -> Tensor:
        return self.one.embed(value).flatten(1)

    def posterior(self, params: Tensor) -> Distribution:
        return self.one.posterior(self._per_copy(params))

    def log_likelihood(self, params: Tensor, value: Tensor) -> Tensor:
        return self.one.log_likelihood(self._per_copy(params), value).flatten(1).sum(1)

    def refit_scale(self, params: Tensor, value: Tensor) -> LogLikelihood:
        per_copy = self._per_copy(params)
        refitted = [self.one.refit_scale(per_copy[:, i], value[:, i]) for i in range(self.count)]

        def log_likelihood(params: Tensor, value: Tensor) -> Tensor:
            per_copy = self._per_copy(params)
            return torch.stack([fit(per_copy[:, i], value[:, i]) for i, fit in enumerate(refitted)]).sum(0)

        return log_likelihood

    def entropy(self) -> Tensor:
        return self.one.entropy() * self.count

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        per_copy = self._per_copy(params)
        return torch.stack([self.one.recovery(per_copy[:, i], value[:, i]) for i in range(self.count)]).mean()

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        return self.one.traversal_values(steps, low, high)

    def value(self, number: float) -> Tensor:
        return self.one.value(number)

    def _per_copy(self, params: Tensor) -> Tensor:
        return params.reshape(*params.shape[:-1], self.count, self.one.posterior_width)


class Latent(Component):
    """The declaration of a latent. `count` independent copies of it share one name."""

    kind: ClassVar[str] = "latent"
    count: int = Field(default=1, ge=1, description="How many independent copies there are under this name.")

    def observes_labels(self) -> bool:
        """Whether its value on a real image is told by the image's label."""
        return False

    @abstractmethod
    def build(self, context: LatentContext) -> LatentModule:
        """One copy; the engine repeats it `count` times."""

    def module(self, context: LatentContext) -> LatentModule:
        """All `count` copies as one module."""
        one = self.build(context)
        return one if self.count == 1 else Repeated(one, self.count)
