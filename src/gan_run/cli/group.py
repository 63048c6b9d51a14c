"""`gan-run SPEC` is short for `gan-run train SPEC`; an unknown word is answered with the nearest command, file or
recipe."""

import atexit
import difflib
import gc
from typing import Any

import click
from click.shell_completion import CompletionItem
from click_default_group import DefaultGroup

from gan_run.cli.common import show_error
from gan_run.cli.plugin_commands import PluginCommand, plugin_commands
from gan_run.cli.spec_argument import names_recipe, spec_names
from gan_run.cli.streams import drop_what_nobody_reads
from gan_run.core.base.errors import GanRunError
from gan_run.core.base.files import exists

PLUGIN_COMMANDS = "gan_run.plugin_commands"
"""Where a context keeps them: they are looked up once."""


class CommandOrSpec(DefaultGroup):  # type: ignore[misc]  # click-default-group ships no types
    """A group whose default command takes a file, and which has the commands of plugins beside its own."""

    def main(self, *args: Any, **kwargs: Any) -> Any:  # click's own signature
        drop_what_nobody_reads()
        # At its end Python seeks reference cycles in all objects there are: with torch, for more than a second.
        atexit.register(gc.freeze)
        return super().main(*args, **kwargs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and (added := self._added(ctx, cmd_name)) is not None:
            try:
                return added.load()
            except GanRunError as error:
                show_error(error)
        command: click.Command | None = super().get_command(ctx, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        is_command = word in self.commands or self._added(ctx, word) is not None
        is_spec = exists(word) or names_recipe(word)
        known = is_command or is_spec or word.startswith("-") or ctx.resilient_parsing
        if not known:
            commands = sorted({*self.commands, *(added.origin.name for added in self._all_added(ctx))})
            near = difflib.get_close_matches(word, [*commands, *spec_names()], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f" (commands: {', '.join(commands)})"
            raise click.UsageError(f"{word!r} is neither a command, a file nor a recipe{hint}")
        resolved: tuple[str | None, click.Command | None, list[str]] = super().resolve_command(ctx, args)
        return resolved

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except GanRunError as error:
            if ctx.invoked_subcommand in self.commands:  # it was asked for a traceback
                raise
            show_error(error)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # A shell completes files only where nothing else begins so.
        commands: list[CompletionItem] = super().shell_complete(ctx, incomplete)
        return [CompletionItem(incomplete, type="file"), *commands]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_commands(ctx, formatter)
        if rows := [(added.origin.name, added.about) for added in self._all_added(ctx)]:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(rows)

    def _added(self, ctx: click.Context, name: str) -> PluginCommand | None:
        return next((added for added in self._all_added(ctx) if added.origin.name == name), None)

    def _all_added(self, ctx: click.Context) -> list[PluginCommand]:
        if PLUGIN_COMMANDS not in ctx.meta:
            ctx.meta[PLUGIN_COMMANDS] = list(plugin_commands(self.commands, ctx.params.get("blocked") or ()))
        added: list[PluginCommand] = ctx.meta[PLUGIN_COMMANDS]
        return added
