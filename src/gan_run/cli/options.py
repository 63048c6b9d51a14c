"""Options of the commands that draw pictures."""

import click


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
