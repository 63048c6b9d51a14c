"""The latent `factor`: a number or an angle that is known of real images."""

import math
from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.distributions import AffineTransform, Distribution, Normal, TransformedDistribution, VonMises
from torch.nn import functional as F

from gan_run import Columns, DataInfo, Latent, LatentContext, LatentModule, Problem, SpecView, is_known
from gan_run.plugins.latents.standard.circular import circular_r2, on_circle
from gan_run.plugins.latents.standard.normal_posterior import r2

QUANTILES = 256
"""Intervals of the prior, between quantiles of the training values."""
SMALLEST = 1e-6
"""Smallest width of an interval, as a share of the whole range: a value that many images share has a finite density."""


class Factor(Latent):
    """A real number or an angle that is known of real images: a pose, an age, the direction of a light.

    Values have the units of the column (degrees for an angle). They are drawn with the distribution of the training
    images. The generator's input is the number less its mean, divided by its standard deviation; or the cosine and the
    sine of the angle. Several latents of this type are drawn independently of each other.
    """

    type: Literal["factor"] = "factor"
    column: str = Field(description="Name of a column of the data with one number, or one angle, per image.")
    min_std: float = Field(
        default=0.05, gt=0, description="Lower bound of Q's standard deviation, in standard deviations or radians."
    )

    def observed_columns(self) -> tuple[str, ...]:
        return (self.column,)

    def check(self, spec: SpecView) -> Iterable[Problem]:
        if self.count > 1:
            yield Problem(("count",), "an image has one value of a factor: set it to 1")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        column = data.columns.get(self.column)
        if column is not None and (column.shape or column.kind == "categorical"):
            what = "vectors: use the latent vector" if column.shape else "categories: use the latent label"
            yield Problem(("column",), f"{self.column!r} has {what}")

    def build(self, context: LatentContext) -> "FactorModule":
        modules: dict[str, type[FactorModule]] = {"continuous": NumberModule, "angle": AngleModule}
        return modules[context.data.columns[self.column].kind](self)


class FactorModule(LatentModule):
    """The prior: piecewise uniform between quantiles of the training values, which the checkpoint holds."""

    quantiles: Tensor

    def __init__(self, declared: Factor) -> None:
        super().__init__()
        self._column = declared.column
        self._min_std = declared.min_std
        self.register_buffer("quantiles", torch.linspace(0, 1, QUANTILES + 1))

    def fit_prior(self, columns: Columns) -> None:
        values = self._in_range(columns[self._column])
        known = values[is_known(values)].double()
        if len(known):
            self.quantiles.copy_(torch.quantile(known, torch.linspace(0, 1, QUANTILES + 1).to(known)))

    def _in_range(self, values: Tensor) -> Tensor:
        """The values from which quantiles are computed."""
        return values

    def observe(self, columns: Columns) -> Tensor:
        return columns[self._column].to(self.quantiles.dtype)

    def sample(self, n: int) -> Tensor:
        at = torch.rand(n, device=self.device) * QUANTILES
        below = at.long()
        return torch.lerp(self.quantiles[below], self.quantiles[below + 1], at - below)

    def log_prior(self, value: Tensor) -> Tensor:
        value = self._in_range(value).contiguous()
        last = torch.searchsorted(self.quantiles, value, right=True) - 1
        # Of a value at which several quantiles are, it is the interval between these.
        at = torch.minimum(last, torch.searchsorted(self.quantiles, value)).clamp(0, QUANTILES - 1)
        inside = (value >= self.quantiles[0]) & (value <= self.quantiles[-1])
        return torch.where(inside, -(self._widths()[at] * QUANTILES).log(), -math.inf)

    def entropy(self) -> Tensor:
        return (self._widths() * QUANTILES).log().mean()

    def _widths(self) -> Tensor:
        widths = self.quantiles.diff()
        return widths.clamp_min((self.quantiles[-1] - self.quantiles[0]).clamp_min(SMALLEST) * SMALLEST)

    def traversal_values(self, steps: int, low: float | None = None, high: float | None = None) -> Tensor:
        """Numbers from `low` to `high`; by default the middle 96% of the training values."""
        first, last = self.quantiles[round(0.02 * QUANTILES)], self.quantiles[round(0.98 * QUANTILES)]
        share = torch.linspace(0, 1, steps, device=self.device)
        return torch.lerp(
            first if low is None else torch.full_like(first, low),
            last if high is None else torch.full_like(last, high),
            share,
        )


class NumberModule(FactorModule):
    """Values are real numbers, float (N,). Posterior parameters are the mean and an unconstrained standard deviation,
    in units of the prior's standard deviation."""

    width = 1
    posterior_width = 2
    moments: Tensor

    def __init__(self, declared: Factor) -> None:
        super().__init__(declared)
        self.register_buffer("moments", torch.tensor([0.5, 12**-0.5]))

    def fit_prior(self, columns: Columns) -> None:
        super().fit_prior(columns)
        values = columns[self._column]
        known = values[is_known(values)].double()
        if len(known):
            self.moments.copy_(torch.stack([known.mean(), known.std(correction=0).clamp_min(1e-12)]))

    def embed(self, value: Tensor) -> Tensor:
        mean, std = self.moments[0], self.moments[1]
        return ((value - mean) / std).nan_to_num(0.0).unsqueeze(-1)

    def posterior(self, params: Tensor) -> Normal:
        mean, std = self.moments[0], self.moments[1]
        width = self._min_std + F.softplus(params[..., 1])
        return Normal(mean + std * params[..., 0], std * width, validate_args=False)

    def deviation(self, params: Tensor) -> Tensor:
        return self.posterior(params).stddev

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        return r2(self.estimate(params), value)


class AngleModule(FactorModule):
    """Values are angles in degrees, float (N,). Posterior parameters are a direction, as a vector of any length above
    zero, and an unconstrained standard deviation in radians."""

    width = 2
    posterior_width = 3
    period = 360.0

    def _in_range(self, values: Tensor) -> Tensor:
        return values.remainder(360)

    def embed(self, value: Tensor) -> Tensor:
        return on_circle(torch.deg2rad(value)).nan_to_num(0.0)

    def posterior(self, params: Tensor) -> Distribution:
        around = VonMises(torch.deg2rad(self.estimate(params)), self._radians(params) ** -2, validate_args=False)
        return TransformedDistribution(around, AffineTransform(0.0, 180 / math.pi), validate_args=False)

    def deviation(self, params: Tensor) -> Tensor:
        return torch.rad2deg(self._radians(params))

    def _radians(self, params: Tensor) -> Tensor:
        """Q's standard deviation."""
        return self._min_std + F.softplus(params[..., 2])

    def estimate(self, params: Tensor) -> Tensor:
        radians = torch.atan2(params[..., 1], params[..., 0])
        return (radians * (180 / math.pi)) % 360

    def recovery(self, params: Tensor, value: Tensor) -> Tensor:
        return circular_r2(torch.deg2rad(self.estimate(params)), torch.deg2rad(value))
