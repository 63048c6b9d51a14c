"""Information: the bound that InfoGAN maximises, measured honestly on fresh images."""

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import LatentModule, LogLikelihood, Measurement, Metric, Model, Splits

CHUNK = 500
"""Images that are drawn and read at once, so that memory does not grow with `samples`."""


class Information(Metric):
    """The variational lower bound on I(c; G(z, c)), in nats, of every code that the model can read.

    E[log Q(c | x)] + H(c) (Barber & Agakov 2003; Chen et al. 2016, arXiv 1606.03657, equation 4) holds for any Q that
    was not fitted to the images it is measured on. So where a posterior's scale was fixed in training, it is refitted
    on one half of the images, and `bound` is of the other half; `unfitted` is the same half by Q as it was trained.
    """

    headlines = ("codes.*.bound",)
    type: Literal["information"] = "information"
    samples: int = Field(default=10000, ge=4, description="Images drawn: half to refit scales on, half to measure.")

    def measure(self, model: Model, data: Splits) -> Measurement:
        params, values = _read_back(model, self.samples)
        half = self.samples // 2
        found = {code: _bound(model.latents[code], params[code], values[code], half) for code in model.codes}
        return {"codes": found, "measured_on": {"generated": self.samples - half}, "fitted_on": {"generated": half}}


def _read_back(model: Model, n: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What Q says of `n` fresh images, params (n, P) by code, and what the codes were."""
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
    if latent.cardinality is not None:  # a differential entropy is no ceiling, so no share of it means anything
        found["share"] = found["bound"] / entropy
    return found


def _mean(log_likelihood: LogLikelihood, params: Tensor, value: Tensor) -> tuple[float, float]:
    """The mean over images, and its standard error."""
    nats = log_likelihood(params, value).cpu().double()  # some accelerators have no float64
    return nats.mean().item(), nats.std().item() / math.sqrt(len(nats))
