"""`gan-run SPEC` is short for `gan-run train SPEC`; an unknown word is answered with the nearest command or file."""

import difflib
from pathlib import Path

import click
from click_default_group import DefaultGroup


class CommandOrSpec(DefaultGroup):  # type: ignore[misc]  # click-default-group ships no types
    """A group whose default command takes a file."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if word not in self.commands and not word.startswith("-") and not Path(word).exists():
            known = [*self.commands, *(str(path) for path in Path().glob("*.json"))]
            near = difflib.get_close_matches(word, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f" (commands: {', '.join(sorted(self.commands))})"
            raise click.UsageError(f"{word!r} is neither a command nor a file{hint}")
        resolved: tuple[str | None, click.Command | None, list[str]] = super().resolve_command(ctx, args)
        return resolved
