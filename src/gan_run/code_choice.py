"""Which categorical code a command uses, where the user names none."""

from collections.abc import Sequence

from gan_run.core.base.errors import CodeError
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model


def categorical_dim(model: Model, dims: Sequence[CodeDim], code: str | None, option: str) -> CodeDim:
    """A categorical dimension.

    Args:
        model: The model.
        dims: The dimensions that can be chosen, categorical or not.
        code: The name of one, or the name that a user gave it; None for the only categorical one.
        option: The option that names it, for the error.

    Returns:
        The dimension.

    Raises:
        NotFoundByName: No code has this name.
        CodeError: It has no categories; or none is named, and there is not exactly one.
    """
    choices = [dim for dim in dims if model.latents[dim.name].cardinality is not None]
    if code is not None:
        dim = model.code_names.code_dim(model.latents, code)
        if dim not in choices:
            raise CodeError(f"{code!r} is none of the categorical codes: {', '.join(map(str, choices)) or 'none'}")
        return dim
    if len(choices) != 1:
        there_are = ", ".join(map(str, choices)) or "none"
        raise CodeError(f"one categorical code is needed, and there are {there_are}: name it with {option}")
    return choices[0]
