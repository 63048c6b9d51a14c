"""Options of the commands that use the model of a run."""

from typing import TYPE_CHECKING, Literal

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from gan_run.core.images.info import Split
    from gan_run.core.kinds.init_from import CheckpointName


class Channels(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click alone
    """Three channels, as in 3,1,0."""

    name = "R,G,B"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> tuple[int, ...]:
        try:
            return tuple(int(number) for number in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not three numbers of channels, as in 3,1,0", param, context)


class SamplingOption(click.ParamType):  # type: ignore[type-arg]  # as above
    """A name and a number, as in truncation=0.5."""

    name = "NAME=NUMBER"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> tuple[str, float]:
        name, _, number = str(value).partition("=")
        try:
            return name, float(number)
        except ValueError:
            self.fail(f"{value!r} is not a name and a number, as in truncation=0.5", param, context)


class CheckpointOption(click.ParamType):  # type: ignore[type-arg]  # as above
    """Which checkpoint: best, last or a number of steps."""

    name = "best|last|STEP"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> "CheckpointName":
        if value == "best" or value == "last":
            return value
        try:
            return int(str(value))
        except ValueError:
            self.fail(f"{value!r} is not best, last or a number of steps", param, context)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in ("best", "last") if name.startswith(incomplete)]


checkpoint_option = click.option(
    "--checkpoint",
    type=CheckpointOption(),
    metavar="best|last|STEP",
    default="last",
    show_default=True,
    help="The checkpoint: the last, the best by train.keep_best, or that after STEP steps.",
)
ema_option = click.option(
    "--ema/--no-ema",
    default=True,
    show_default=True,
    help="Whether the generator has the moving average of its weights, or those of the step.",
)
channels_option = click.option(
    "--channels", type=Channels(), help="The channels to show as red, green and blue; default: the first three."
)
sampling_option = click.option(
    "--option",
    "options",
    type=SamplingOption(),
    multiple=True,
    help="A sampling option of the generator, such as truncation=0.5 (repeatable).",
)


def _split_or_none(context: click.Context, param: click.Parameter, value: "Split | Literal['none']") -> "Split | None":
    return None if value == "none" else value


moved_option = click.option(
    "--set",
    "moved",
    multiple=True,
    metavar="data.PATH=PLACE",
    help="Where the run's data is now, as in data.root=FOLDER (repeatable).",
)
real_option = click.option(
    "--real",
    type=click.Choice(("train", "validation", "test", "none")),
    callback=_split_or_none,
    default="test",
    show_default=True,
    help="The split whose images are shown beside generated ones.",
)
port_option = click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; default: a free one.")
no_browser_option = click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
