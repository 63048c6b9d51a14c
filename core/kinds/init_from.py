"""What `train.init_from` declares: another run, from whose weights training starts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from gan_run.core.kinds.declaration import Declaration
from gan_run.core.kinds.spec_path import SpecPath

CheckpointName = Literal["last", "best"] | int
"""Which checkpoint of a run: the last; the best by `train.keep_best`; or that after so many steps."""


class InitFrom(Declaration):
    """Another run, and what is taken of it."""

    run: SpecPath = Field(description="A run folder, or one of its checkpoints.")
    checkpoint: CheckpointName = Field(
        default="last", description="last; best, by the train.keep_best of that run; or a number of steps."
    )
    optimizers: bool = Field(
        default=False,
        description="Take the states of the optimizers and the EMA of the generator too, as far as they fit.",
    )


def _tag(value: object) -> str:
    return "object" if isinstance(value, (Mapping, InitFrom)) else "path"


InitFromField = Annotated[
    Annotated[SpecPath, Tag("path")] | Annotated[InitFrom, Tag("object")],
    Discriminator(_tag),
]
"""The type of `train.init_from`: the path of a run or of a checkpoint, or an `InitFrom`."""


def as_init_from(given: Path | InitFrom) -> InitFrom:
    """What `train.init_from` gives, in its long form.

    Args:
        given: The value of the field.
    """
    return given if isinstance(given, InitFrom) else InitFrom(run=given)
