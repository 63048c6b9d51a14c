"""The metric `information`: InfoGAN's bound, on fresh images."""

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Headline, LatentSpace, LogLikelihood, Measurement, Metric, Model, Splits, Values
from gan_run.plugins.metrics.information.statistics import compare_statistics


class Information(Metric):
    """The variational lower bound on I(c; G(z, c)), in nats, of every code of the model.

    E[log Q(c | x)] + H(c) (Barber & Agakov 2003; Chen et al. 2016, arXiv 1606.03657, equation 4) is a lower bound for
    every Q that was not fitted to the images it is measured on. A posterior scale that was fixed in training is
    therefore refitted on one half of the images, and `bound` is measured on the other half. `unfitted` is the bound of
    the trained Q on that half.

    Batch norms use running statistics, as everything does that uses the trained model. Training uses those of the
    batch, so the log may say otherwise, above all in short runs. There is a warning where the recoveries of a code with
    both differ by more than 0.2.
    """

    headlines = (Headline("codes.*.bound", unit="nats", form=".3f"),)
    type: Literal["information"] = "information"
    samples: int = Field(default=10000, ge=4, description="Generated images: half to refit scales, half to measure.")
    statistics: Literal["running", "batch"] = Field(
        default="running", description="The statistics that batch norms use: running statistics or batch statistics."
    )

    def measure(self, model: Model, data: Splits) -> Measurement:
        half = self.samples // 2
        used = model.with_batch_statistics if self.statistics == "batch" else model
        params, values = _read_back(used, self.samples)
        found: Measurement = {
            "codes": {code: _bound(model.latents, code, params[code], values, half) for code in model.codes},
            "measured_on": {"generated": self.samples - half},
            "fitted_on": {"generated": half},
            "statistics": self.statistics,
        }
        return {**found, "recovery": compare_statistics(model)} if model.has_batch_norms else found


def _read_back(model: Model, n: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Posterior parameters (n, P) by code of `n` fresh images, and the values of all latents."""
    params: dict[str, list[Tensor]] = {code: [] for code in model.codes}
    values: dict[str, list[Tensor]] = {name: [] for name in model.latents}
    for start in range(0, n if params else 0, model.chunk_size):
        drawn = model.sample_latents(min(model.chunk_size, n - start))
        read = model.posterior_params(model.generate(drawn))
        for code in params:
            params[code].append(read[code])
        for name in values:
            values[name].append(drawn[name])
    read_all = {code: torch.cat(chunks) for code, chunks in params.items()}
    return read_all, {name: torch.cat(chunks) for name, chunks in values.items() if chunks}


@torch.no_grad()
def _bound(latents: LatentSpace, code: str, params: Tensor, values: Values, half: int) -> dict[str, float]:
    fitted_on, measured_on = (
        {name: value[part] for name, value in values.items()} for part in (slice(half), slice(half, None))
    )
    latent = latents.conditional(code, measured_on)
    # A scale fitted to one half given the values of other latents there is not that given those of the other half.
    refitted = latent.log_likelihood if latent.depends_on else latent.refit_scale(params[:half], fitted_on[code])
    params, value = params[half:], measured_on[code]
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
    if latent.cardinality is not None:  # a differential entropy is no upper bound, so a share of it has no meaning
        found["share"] = found["bound"] / entropy
    return found


def _mean(log_likelihood: LogLikelihood, params: Tensor, value: Tensor) -> tuple[float, float]:
    """The mean over images and its standard error. It is on the CPU, since not every device has float64."""
    nats = log_likelihood(params, value).cpu().double()
    return nats.mean().item(), nats.std().item() / math.sqrt(len(nats))
