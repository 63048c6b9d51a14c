"""How far Q's readings of codes are from the true values, on generated images."""

from torch import Tensor

from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model

GENERATED = 1000
"""Generated images on which errors are measured."""


def code_errors(model: Model) -> dict[CodeDim, float]:
    """The root mean square error of each dimension that has no categories, over generated images.

    Args:
        model: The model, with an encoder.
    """
    with isolated_rng("encode"):
        values = model.sample_latents(GENERATED)
        found = model.encode(model.generate(values))
    errors: dict[CodeDim, float] = {}
    for dim in model.code_dims():
        latent = model.latents[dim.name]
        if latent.cardinality is None:
            read, drawn = (model.latents.value_of(of, dim).cpu() for of in (found, values))
            errors[dim] = difference(read, drawn, latent.period).double().square().mean().sqrt().item()
    return errors


def difference(one: Tensor, other: Tensor, period: float | None) -> Tensor:
    """one - other, the shorter way round if values repeat with a period."""
    apart = one - other
    return apart if period is None else (apart + period / 2) % period - period / 2
