"""Several independent copies of a latent under one name."""

import torch
from torch import Tensor
from torch.distributions import Distribution

from gan_run.core.images.columns import Columns
from gan_run.core.kinds.control import Control
from gan_run.core.kinds.latent_module import LatentModule, LogLikelihood


class Repeated(LatentModule):
    """`count` independent copies of a latent: values (N, count, …), the copies' columns side by side.

    The copies share the parameters and buffers of the one latent.
    """

    def __init__(self, one: LatentModule, count: int) -> None:
        super().__init__()
        self.one = one
        self.count = count
        self.width = one.width * count
        self.posterior_width = one.posterior_width * count
        self.value_shape = one.value_shape
        self.cardinality = one.cardinality
        self.period = one.period

    def sample(self, n: int) -> Tensor:
        """Values (n, count, …)."""
        drawn = self.one.sample(n * self.count)
        return drawn.view(n, self.count, *drawn.shape[1:])

    def embed(self, value: Tensor) -> Tensor:
        """(N, count, …) -> (N, count * W)."""
        return self.one.embed(value).flatten(1)

    def posterior(self, params: Tensor) -> Distribution:
        """(N, count * P) -> a distribution of batch shape (N, count)."""
        return self.one.posterior(self._per_copy(params))

    def log_likelihood(self, params: Tensor, value: Tensor) -> Tensor:
        """The sum over copies, (N,)."""
        return self.one.log_likelihood(self._per_copy(params), value).flatten(1).sum(1)

    def refit_scale(self, params: Tensor, value: Tensor) -> LogLikelihood:
        """The sum over copies, each with a scale of its own."""
        per_copy = self._per_copy(params)
        refitted = [self.one.refit_scale(per_copy[:, i], value[:, i]) for i in range(self.count)]

        def log_likelihood(params: Tensor, value: Tensor) -> Tensor:
            per_copy = self._per_copy(params)
            return torch.stack([fit(per_copy[:, i], value[:, i]) for i, fit in enumerate(refitted)]).sum(0)

        return log_likelihood

    def estimate(self, params: Tensor) -> Tensor:
        """Values (N, count)."""
        return self.one.estimate(self._per_copy(params))

    def probabilities(self, params: Tensor) -> Tensor:
        """Probabilities (N, count, cardinality)."""
        per_copy = self._per_copy(params)
        return torch.stack([self.one.probabilities(per_copy[:, i]) for i in range(self.count)], dim=1)

    def deviation(self, params: Tensor) -> Tensor | None:
        """Standard deviations (N, count)."""
        return self.one.deviation(self._per_copy(params))

    def entropy(self) -> Tensor:
        """The sum over copies."""
        return self.one.entropy() * self.count

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        """The mean over copies."""
        per_copy = self._per_copy(params)
        return torch.stack([self.one.recovery(per_copy[:, i], value[:, i]) for i in range(self.count)]).mean()

    def log_prior(self, value: Tensor) -> Tensor:
        """The sum over copies, (N,)."""
        return self.one.log_prior(value).flatten(1).sum(1)

    @property
    def has_log_prior(self) -> bool:
        """Whether the copies' is defined."""
        return self.one.has_log_prior

    @property
    def fits_prior(self) -> bool:
        """Whether the copies' prior is."""
        return self.one.fits_prior

    def fit_prior(self, columns: Columns) -> None:
        """Fit the prior that the copies share."""
        self.one.fit_prior(columns)

    @property
    def is_observed(self) -> bool:
        """Whether the copies are."""
        return self.one.is_observed

    def observe(self, columns: Columns) -> Tensor | None:
        """Values (N, count, …): what is known of an image determines every copy alike."""
        value = self.one.observe(columns)
        return None if value is None else torch.stack([value] * self.count, dim=1)

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        """The values of one copy."""
        return self.one.traversal_values(steps, low, high)

    def control(self) -> Control:
        """That of one copy."""
        return self.one.control()

    def value(self, number: float) -> Tensor:
        """A value of one copy."""
        return self.one.value(number)

    def _per_copy(self, params: Tensor) -> Tensor:
        return params.reshape(*params.shape[:-1], self.count, self.one.posterior_width)
