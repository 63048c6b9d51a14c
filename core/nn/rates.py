"""Parameters with learning rates of their own."""

from collections.abc import Mapping

from torch import nn


class RateMultiplier:
    """A module whose parameters have `rate_multiplier` times the learning rate of their player.

    A part of a network derives from it besides nn.Module. Within another such module, the factors multiply.

    Example:
        class Mapping(nn.Sequential, RateMultiplier):
            rate_multiplier = 0.01
    """

    rate_multiplier: float = 1.0


def rates_of(module: nn.Module, parameters: Mapping[str, nn.Parameter]) -> dict[str, float]:
    """The factor of each parameter's learning rate.

    Args:
        module: The module that holds the parameters.
        parameters: Some of its parameters, by full name.

    Returns:
        Factors by name.
    """
    scaled = {
        f"{name}.": part.rate_multiplier for name, part in module.named_modules() if isinstance(part, RateMultiplier)
    }
    rates = dict.fromkeys(parameters, 1.0)
    for prefix, factor in scaled.items():
        for name in rates:
            if name.startswith(prefix):
                rates[name] *= factor
    return rates
