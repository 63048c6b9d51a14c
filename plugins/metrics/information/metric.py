"""The lower bound on the mutual information between codes and images, measured on newly generated images."""

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import LatentModule, LogLikelihood, Measurement, Metric, Model, Splits

CHUNK = 500
"""Images that are drawn and read at once, so that memory does not grow with `samples`."""


class Information(Metric):
    """The variational lower bound on I(c; G(z, c)), in nats, for every code that the model encodes.

    E[log Q(c | x)] + H(c) (Barber & Agakov 2003; Chen et al. 2016, arXiv 1606.03657, equation 4) is a lower bound for
    any Q that was not fitted to the images it is measured on. A posterior scale that was fixed in training is therefore
    refitted on one half of the images; `bound` is measured on the other half, and `unfitted` is the value of the
    trained Q on that half.
    """

    headlines = ("codes.*.bound",)
    type: Literal["information"] = "information"
    samples: int = Field(
        default=10000, ge=4, description="Generated images: half to refit scales on, half to measure on."
    )

    def measure(self, model: Model, data: Splits) -> Measurement:
        params, values = _read_back(model, self.samples)
        half = self.samples // 2
        found = {code: _bound(model.latents[code], params[code], values[code], half) for code in model.codes}
        return {"codes": found, "measured_on": {"generated": self.samples - half}, "fitted_on": {"generated": half}}


def _read_back(model: Model, n: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Of `n` generated images: the posterior parameters (n, P) and the true values (n,) or (n, count), by code."""
    params: dict[str, list[Tensor]] = {code: [] for code in model.codes}
    values: dict[str, list[Tensor]] = {code: [] for code in model.codes}
    for start in range(0, n if params else 0, CHUNK):
        drawn = model.sample_latents(min(CHUNK, n - start))
        read = model.posterior_params(model.generate(drawn))
        for code in params:
            params[code].append(read[code])
            values[code].append(drawn[code])
    return {code: torch.cat(params[code]) for code in params}, {code: torch.cat(values[code]) for code in params}


@torch.no_grad()
def _bound(latent: LatentModule, params: Tensor, value: Tensor, half: int) -> dict[str, float]:
    refitted = latent.refit_scale(params[:half], value[:half])
    params, value = params[half:], value[half:]
    entropy = latent.entropy().item()
    bound, error = _mean(refitted, params, value)
    unfitted, _ = _mean(latent.log_likelihood, params, value)
    found = {
        "bound": bound + entropy,
        "standard_error": error,
        "unfitted": unfitted + entropy,
        "entropy": entropy,
        "recovery": latent.recovery(params, value).item(),
    }
    if (
        latent.cardinality is not None
    ):  # a differential entropy does not bound the information, so a share of it has no meaning
        found["share"] = found["bound"] / entropy
    return found


def _mean(log_likelihood: LogLikelihood, params: Tensor, value: Tensor) -> tuple[float, float]:
    """The mean log-likelihood over images and its standard error, in nats."""
    nats = log_likelihood(params, value).cpu().double()  # some accelerators have no float64
    return nats.mean().item(), nats.std().item() / math.sqrt(len(nats))
