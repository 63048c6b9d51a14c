"""How well Q reads the codes of generated images, whose true values are known."""

from torch import Tensor

from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.encoding import Encoding
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model

GENERATED = 1000
"""Generated images on which errors are measured."""
GENERATED_FOR_RECOVERY = 200
LEAST_RECOVERY = 0.1
"""A code whose recovery is below this is hardly shown by images."""


def code_errors(model: Model) -> dict[CodeDim, float]:
    """The root mean square error of each dimension that has no categories, over generated images.

    Args:
        model: The model, with an encoder.
    """
    values, params = _read_generated(model, GENERATED)
    found = Encoding(model.latents, params)
    errors: dict[CodeDim, float] = {}
    for dim in model.code_dims():
        latent = model.latents[dim.name]
        if latent.cardinality is None:
            read, drawn = (model.latents.value_of(of, dim).cpu() for of in (found, values))
            errors[dim] = difference(read, drawn, latent.period).double().square().mean().sqrt().item()
    return errors


def unread_codes(model: Model) -> dict[str, float]:
    """The codes that Q does not read off generated images, with their recovery in [0, LEAST_RECOVERY).

    Args:
        model: The model, with an encoder.
    """
    values, params = _read_generated(model, GENERATED_FOR_RECOVERY)
    recoveries = {
        code: float(model.latents.conditional(code, values).recovery(read, values[code].to(read.device)))
        for code, read in params.items()
    }
    return {code: recovery for code, recovery in recoveries.items() if recovery < LEAST_RECOVERY}


def _read_generated(model: Model, count: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The values of all latents of some generated images, and Q's posterior parameters for the images."""
    with isolated_rng("encode"):
        values = model.sample_latents(count)
        return values, model.posterior_params(model.generate(values))


def difference(one: Tensor, other: Tensor, period: float | None) -> Tensor:
    """one - other, the shorter way round if values repeat with a period."""
    apart = one - other
    return apart if period is None else (apart + period / 2) % period - period / 2
