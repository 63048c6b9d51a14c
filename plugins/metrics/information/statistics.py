"""Codes that Q recovers under one kind of batch-norm statistics and not under the other."""

import warnings

import torch

from gan_run import Measurement, Model

TOLERANCE = 0.2
"""The largest difference of recoveries, which are in [0, 1], that needs no warning."""


@torch.no_grad()
def compare_statistics(model: Model) -> dict[str, Measurement]:
    """The recovery of each code from one chunk of images, with running and with batch statistics.

    Args:
        model: A model with batch norms.

    Returns:
        Recoveries in [0, 1] by kind of statistics and code. There is a warning for each code whose recoveries differ by
        more than TOLERANCE.
    """
    values = model.sample_latents(model.chunk_size)
    images = model.generate(values)
    kinds = {"running": model, "batch": model.with_batch_statistics}
    params = {kind: used.posterior_params(images) for kind, used in kinds.items()}
    found = {
        kind: {code: model.latents.conditional(code, values).recovery(read[code], values[code]).item() for code in read}
        for kind, read in params.items()
    }
    for code, running in found["running"].items():
        batch = found["batch"][code]
        if abs(running - batch) > TOLERANCE:
            warnings.warn(
                f"information: the recovery of {code!r} is {running:.2f} with running statistics of batch norms and "
                f"{batch:.2f} with batch statistics, as in training: train longer, or without batch norm",
                stacklevel=2,
            )
    return {**found}
