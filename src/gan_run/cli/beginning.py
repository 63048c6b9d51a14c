"""`train --from RUN[@STEP]`: a new run that begins where another one is."""

import json
from pathlib import Path
from typing import NamedTuple

import click

from gan_run.cli.common import run_folder
from gan_run.cli.completion import complete_run
from gan_run.cli.options import CheckpointOption


class Beginning(NamedTuple):
    """A checkpoint of a run."""

    run: Path
    checkpoint: "str | int"

    def override(self) -> str:
        """The field of the spec that takes weights, optimizers' states and the EMA from there, as for --set."""
        path = str(self.run.absolute()).replace("$", "$$")
        return f"train.init_from={json.dumps({'run': path, 'checkpoint': self.checkpoint, 'optimizers': True})}"


class BeginningOption(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click alone
    """RUN, RUN@STEP or RUN@best."""

    name = "RUN[@STEP]"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> Beginning:
        if isinstance(value, Beginning):
            return value
        text = str(value)
        folder, at, checkpoint = (text, "", "") if Path(text).is_dir() else text.rpartition("@")
        if not at:
            folder, checkpoint = text, "last"
        run = Path(str(run_folder.convert(folder, param, context)))
        return Beginning(run, CheckpointOption().convert(checkpoint, param, context))


from_option = click.option(
    "--from",
    "beginning",
    type=BeginningOption(),
    shell_complete=complete_run,
    metavar="RUN[@STEP]",
    help="Begin a new run of SPEC with the weights, the EMA and the optimizers' states of this run: of its last "
    "checkpoint, or of @STEP, @best.",
)
