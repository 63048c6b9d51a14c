"""A built latent: a distribution that is sampled and embedded for the generator; a code is also recovered by Q.

Shapes: N batch, W columns of the generator's input, P posterior parameters of one value, `...` any batch shape.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NoReturn, Self

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from gan_run.core.base.device import full_precision
from gan_run.core.base.errors import PluginError
from gan_run.core.images.columns import Columns
from gan_run.core.kinds.control import Control

Values = Mapping[str, Tensor]
"""Latent values by name: (N, …) each, or (N, count, …) of a latent with several copies."""
LogLikelihood = Callable[[Tensor, Tensor], Tensor]
"""(params (..., P), value (...)) -> log Q(value | image) in nats, (...)."""


class LatentModule(nn.Module, ABC):
    """One value of a latent: its prior p(c), its embedding and, if it is a code, its posterior Q(c | x).

    A latent that is only noise or a condition sets `width` and defines `sample` and `embed`. A code also sets
    `posterior_width` and defines `posterior`, `entropy`, `traversal_values` and `recovery`. A latent may have
    parameters, such as those of a learnt prior: the player that trains the generator trains them. The examples of the
    methods together are one latent, `NormalModule`: a standard normal prior, and a posterior with standard deviation
    one.
    """

    width: int
    """W: number of columns in the generator's input."""
    value_shape: tuple[int, ...] = ()
    """The shape of one value: () of a number, (D,) of a vector, which has no traversal."""
    posterior_width: int = 0
    """P: number of posterior parameters, which Q outputs for each value; 0 for a latent that is no code."""
    cardinality: int | None = None
    """Number of values of a discrete latent, which are the class indices 0 to cardinality - 1; None if continuous."""
    period: float | None = None
    """Period of a cyclic latent, 2 pi for an angle in radians; None if values do not repeat."""
    count: int = 1
    """Number of independent copies."""
    depends_on: tuple[str, ...] = ()
    """The latents whose values this one depends on, from `Latent.depends_on`. Their values are in `given`."""
    given: Values = MappingProxyType({})
    """The values of the latents in `depends_on`, (N, …) each, for the N values that a method takes or returns."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("_where", torch.empty(0), persistent=False)

    @property
    def device(self) -> torch.device:
        """The device on which `sample` creates values."""
        return self.get_buffer("_where").device

    def conditional(self, values: Values) -> Self:
        """This latent given the values of those that it depends on.

        Args:
            values: Latent values by name, among them those in `depends_on`.

        Returns:
            A shallow copy whose `given` has them; the latent itself if it depends on none.
        """
        if not self.depends_on:
            return self
        other = copy.copy(self)
        other.given = {name: values[name] for name in self.depends_on}
        return other

    @abstractmethod
    def sample(self, n: int) -> Tensor:
        """Draw values from the prior, with torch's global random number generator.

        Args:
            n: Number of values, at least 1.

        Returns:
            `n` independent values, shape (n, *value_shape), on `self.device`: float for real numbers and angles, int64
            class indices for a discrete latent.

        Example:
            def sample(self, n: int) -> Tensor:
                return torch.randn(n, device=self.device)
        """

    @abstractmethod
    def embed(self, value: Tensor) -> Tensor:
        """Turn values into columns of the generator's input.

        Args:
            value: Values of any batch shape, (..., *value_shape).

        Returns:
            Float tensor (..., W). Numbers of order one suit the generators best.

        Example:
            width = 1

            def embed(self, value: Tensor) -> Tensor:
                return value.unsqueeze(-1)
        """

    def posterior(self, params: Tensor) -> Distribution:
        """The distribution Q(c | x) of the value, given an image.

        Args:
            params: Posterior parameters (..., P), the unconstrained output of Q.

        Returns:
            A distribution over values with batch shape (...). `validate_args=False` avoids a wait for the GPU.

        Example:
            posterior_width = 1

            def posterior(self, params: Tensor) -> torch.distributions.Distribution:
                std = torch.ones_like(params[..., 0])
                return torch.distributions.Normal(params[..., 0], std, validate_args=False)
        """
        self._is_no_code()

    def entropy(self) -> Tensor:
        """H(c) of one value under the prior; of a latent that depends on others, H(c | given), its mean over them.

        Returns:
            Scalar tensor in nats on `self.device`; the differential entropy if the latent is continuous.

        Example:
            def entropy(self) -> Tensor:
                return torch.full((), 0.5 * math.log(2 * math.pi * math.e), device=self.device)
        """
        self._is_no_code()

    def log_prior(self, value: Tensor) -> Tensor:
        """log p(value), the logarithm of the prior's density or probability. Losses such as a VAE's use it.

        Args:
            value: Values (...).

        Returns:
            Nats, (...).

        Example:
            def log_prior(self, value: Tensor) -> Tensor:
                return -0.5 * value.square() - 0.5 * math.log(2 * math.pi)
        """
        raise PluginError(f"{type(self).__name__} has no log_prior: a loss that uses it cannot take this latent")

    @property
    def has_log_prior(self) -> bool:
        """Whether `log_prior` is defined."""
        return type(self).log_prior is not LatentModule.log_prior

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        """The values that a traversal shows, one image each.

        Args:
            steps: Number of values of a continuous latent, at least 1; a discrete one ignores it.
            low: First value; None for the latent's own default. A discrete latent ignores it.
            high: Last value, likewise.

        Returns:
            Values (steps,) evenly spaced from `low` to `high`; of a discrete latent all that `value` accepts.

        Example:
            def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
                low, high = -2.0 if low is None else low, 2.0 if high is None else high
                return torch.linspace(low, high, steps, device=self.device)
        """
        self._is_no_code()

    def control(self) -> Control:
        """The control with which the explorer's page sets a value.

        Returns:
            By default a choice of a discrete latent, a dial of a cyclic one, a slider over the values of the traversal
            of another that has them, and none of noise and vectors.

        Example:
            def control(self) -> Control:
                return Control.slider(-2.0, 2.0)
        """
        if self.value_shape:
            return Control.hidden()
        if self.cardinality is not None:
            return Control.choice(self.cardinality)
        if self.period is not None:
            return Control.dial(self.period)
        if type(self).traversal_values is LatentModule.traversal_values:
            return Control.hidden()
        low, high = self.traversal_values(2).tolist()
        return Control.slider(low, high)

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        """How well Q recovers the values of a batch.

        Args:
            params: Posterior parameters (N, P) of N images.
            value: The values (N,) that the images were generated from.

        Returns:
            Scalar tensor in [0, 1]: the recovered share of H(c) of a discrete latent, R2 of a continuous one. It is
            above 0.5 where gradient descent on the likelihood has fitted Q to the values (`LatentSuite` tests it).

        Example:
            def recovery(self, params: Tensor, value: Tensor) -> Tensor:
                error = (params[..., 0] - value).square().mean()
                return (1 - error / value.var(correction=0).clamp_min(1e-12)).clamp(0, 1)
        """
        self._is_no_code()

    def _is_no_code(self) -> NoReturn:
        message = "a code has to define posterior, entropy, traversal_values and recovery"
        raise PluginError(f"{type(self).__name__} is no code, but noise or a condition: {message}")

    @property
    def fits_prior(self) -> bool:
        """Whether the prior is fitted to the training images, which takes a training split that is no stream."""
        return type(self).fit_prior is not LatentModule.fit_prior

    def fit_prior(self, columns: Columns) -> None:
        """Fit the prior to what is known of the training images. Called once, before the first step.

        Args:
            columns: The columns of all training images, (M, …) each. A missing category is -1, a missing number NaN.
        """

    @property
    def is_observed(self) -> bool:
        """Whether what is known of real images determines the value: whether it is a condition."""
        return type(self).observe is not LatentModule.observe

    def observe(self, columns: Columns) -> Tensor | None:
        """The latent's value on real images, where what is known of them determines it.

        Args:
            columns: The columns of N real images, (N, …) each.

        Returns:
            Values (N, …), -1 or NaN where the value is not known; None where no column determines it.
            `Latent.observed_columns` must agree.
        """
        return None

    def log_likelihood(self, params: Tensor, value: Tensor) -> Tensor:
        """log Q(value | image), computed in float32 at least, under autocast too.

        Args:
            params: Posterior parameters (..., P).
            value: Values (...).

        Returns:
            Log-likelihood in nats, (...).
        """
        return log_prob(self.posterior(full_precision(params)), value)

    def refit_scale(self, params: Tensor, value: Tensor) -> LogLikelihood:
        """The log-likelihood after its scale (standard deviation, concentration) is fitted to a batch.

        The metric `information` measures its bound with it. A posterior whose scale is fixed in training overrides
        this method: the bound is too low without a fitted scale.

        Args:
            params: Posterior parameters (N, P) of the batch that the scale is fitted to.
            value: Its values (N,).

        Returns:
            A function like `log_likelihood`; `log_likelihood` itself, the default, where Q outputs the scale or where
            there is none.

        Example:
            def refit_scale(self, params: Tensor, value: Tensor) -> LogLikelihood:
                std = (value - params[..., 0]).square().mean().sqrt().clamp_min(1e-6)

                def log_likelihood(params: Tensor, value: Tensor) -> Tensor:
                    return log_prob(torch.distributions.Normal(params[..., 0], std, validate_args=False), value)

                return log_likelihood
        """
        return self.log_likelihood

    def estimate(self, params: Tensor) -> Tensor:
        """The mode of Q(c | x), a point estimate of the value.

        Args:
            params: Posterior parameters (..., P).

        Returns:
            The most likely values, (...).
        """
        mode = self.posterior(full_precision(params)).mode
        assert isinstance(mode, Tensor)
        return mode

    def probabilities(self, params: Tensor) -> Tensor:
        """Q(c | x) of every value of a discrete latent.

        Args:
            params: Posterior parameters (N, P).

        Returns:
            Probabilities (N, cardinality), or (N, count, cardinality) of several copies.
        """
        assert self.cardinality is not None
        categories = torch.arange(self.cardinality, device=params.device)
        each = [self.log_likelihood(params, category.expand(params.shape[:-1])) for category in categories]
        return torch.stack(each, dim=-1).softmax(dim=-1)

    def deviation(self, params: Tensor) -> Tensor | None:
        """The standard deviation of Q(c | x) of each image, for a continuous latent whose Q predicts it.

        Args:
            params: Posterior parameters (..., P).

        Returns:
            Standard deviations (...), in the unit of the values; None, the default, where Q does not predict them.
        """
        return None

    def value(self, number: float) -> Tensor:
        """A number that a user gives, as a value of this latent: `c1=0.5`.

        Values beyond the range of `sample` are accepted, since traversals show them; a latent that has no image for
        them overrides this method.

        Args:
            number: A class index from 0 to cardinality - 1 if the latent is discrete, else any number.

        Returns:
            Scalar tensor on the CPU: int64 if the latent is discrete, else float.

        Raises:
            ValueError: `number` is not a value of this latent, here a class index or a finite number. The message goes
                to the user.
        """
        if self.value_shape:
            raise ValueError(f"it has values of shape {self.value_shape}, not numbers")
        if self.cardinality is None:
            value = torch.tensor(float(number))
            if not value.isfinite():
                raise ValueError("it has to be a finite number")
            return value
        if not float(number).is_integer() or not 0 <= number < self.cardinality:
            raise ValueError(f"{number:g} is not a category: they are 0 to {self.cardinality - 1}")
        return torch.tensor(int(number))


def log_prob(distribution: Distribution, value: Tensor) -> Tensor:
    """`distribution.log_prob(value)`, typed: torch leaves the method of its subclasses untyped.

    Args:
        distribution: Any distribution of torch.distributions.
        value: Values that broadcast to its batch shape.

    Returns:
        Log-density or log-probability in nats.
    """
    logarithm = distribution.log_prob(value)
    assert isinstance(logarithm, Tensor)
    return logarithm
