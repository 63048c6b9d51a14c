"""Images from an array in a file."""

from gan_run import Component, hookimpl
from gan_run.plugins.array.source import Array


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Array]
