"""A grid in which two codes change, one along each axis, and everything else is held."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from gan_run.core.base.randomness import isolated_rng
from gan_run.core.images.grid import check_grid
from gan_run.core.images.labelled_grid import save_labelled_grid
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model


def save_code_grid(
    model: Model,
    path: Path,
    rows: CodeDim,
    columns: CodeDim,
    *,
    steps: int,
    seed: int,
    held: Mapping[CodeDim, Tensor],
    options: Mapping[str, float],
    channels: Sequence[int] | None,
) -> None:
    """Write the picture.

    Args:
        model: The model.
        path: The file.
        rows: The code that changes from row to row.
        columns: The code that changes within a row.
        steps: How many values a code has that is not discrete.
        seed: The seed of all other latents.
        held: Other codes that are not drawn.
        options: Sampling options of the generator.
        channels: The channels that are shown; None for the first three.

    Raises:
        DataError: The images are no pictures, have no such channel, or there would be too many of them.
        CodeError: The generator has no such option.
    """
    height, width = (model.latents[dim.name].cardinality or steps for dim in (rows, columns))
    check_grid(model.image, height * width, width)
    below, beside = (model.latents[dim.name].traversal_values(steps) for dim in (columns, rows))
    with isolated_rng("sample", seed):
        values = model.latents.sample(1, held=held)
    values = {name: value.expand(len(beside) * len(below), *value.shape[1:]) for name, value in values.items()}
    values = model.latents.with_value(values, rows, beside.repeat_interleave(len(below)))
    values = model.latents.with_value(values, columns, below.repeat(len(beside)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with isolated_rng("generate", seed):
        images = model.generate(values, options)
    save_labelled_grid(
        images,
        path,
        columns=len(below),
        channels=channels,
        column_names=_titles(model, columns, below),
        row_names=_titles(model, rows, beside),
        title=model.code_names.title(columns),
        row_title=model.code_names.title(rows),
    )


def _titles(model: Model, dim: CodeDim, values: Tensor) -> list[str]:
    return [model.code_names.value_title(dim, value) for value in values.tolist()]
