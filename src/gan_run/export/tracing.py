"""A model's generator and encoder, traced by torch.export."""

import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from gan_run.core.base.errors import DataError
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.model import Model

EXAMPLES = 3
"""Inputs of a trace. Of one, torch takes the batch size for a constant."""


class Traced(NamedTuple):
    """One network of a model."""

    name: str
    """`generator` or `encoder`."""
    program: ExportedProgram
    module: nn.Module
    """What was traced."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    examples: tuple[Tensor, ...]
    """Inputs of as many samples as the program takes."""
    any_batch: bool
    """Whether the program takes any number of samples; else one."""


def trace(model: Model) -> list[Traced]:
    """Trace the networks of a model.

    Args:
        model: The model, on the CPU.

    Returns:
        The generator; and the encoder, if there are codes.

    Raises:
        DataError: torch.export cannot trace a network.
    """
    with isolated_rng("export"):
        values = model.sample_latents(EXAMPLES)
    generator = model.generator_graph
    examples = tuple(values[name] for name in generator.inputs)
    found = [_traced("generator", generator, examples, generator.inputs, ("images",))]
    if model.codes:
        encoder = model.encoder_graph
        found.append(_traced("encoder", encoder, (model.generate(values),), ("images",), encoder.outputs))
    return found


def _traced(
    name: str, module: nn.Module, examples: tuple[Tensor, ...], inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> Traced:
    batch = Dim("batch", min=1)
    by_input = tuple({0: batch} for _ in examples)
    # `forward` of the generator has one argument, of all latents.
    shapes = (by_input,) if name == "generator" else by_input
    errors = []
    # Not strict, torch runs the module's code, in which len(tensor) is a constant; strict, it follows a part of Python.
    for any_batch, strict in ((True, False), (True, True), (False, False)):
        given = examples if any_batch else tuple(example[:1] for example in examples)
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")  # those of torch about its own code
                program = torch.export.export(
                    module, given, dynamic_shapes=shapes if any_batch else None, strict=strict
                )
        except Exception as error:  # torch raises many kinds
            errors.append(error)
            continue
        return Traced(name, program, module, inputs, outputs, given, any_batch)
    raise DataError(f"the {name} cannot be exported: torch.export cannot trace it ({errors[-1]})") from errors[-1]
