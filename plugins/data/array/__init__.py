"""Datasets in one array file: any, and rendered faces with known factors."""

from gan_run import Component, hookimpl
from gan_run.plugins.data.array.faces import Faces
from gan_run.plugins.data.array.source import Array


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Array, Faces]
