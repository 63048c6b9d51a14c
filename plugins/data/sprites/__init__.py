"""Sprites: simple shapes whose factors are all known."""

from gan_run import Component, hookimpl
from gan_run.plugins.data.sprites.source import Sprites


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Sprites]
