"""Datasets of images that are rendered at the first run, with known factors: chairs and heads."""

from gan_run import hookimpl
from gan_run_rendered3d.chairs import RenderedChairs
from gan_run_rendered3d.faces import RenderedFaces
from gan_run_rendered3d.source import RenderedSet

__all__ = ["RenderedChairs", "RenderedFaces", "gan_run_components"]


@hookimpl
def gan_run_components() -> list[type[RenderedSet]]:
    """The components of this plugin."""
    return [RenderedChairs, RenderedFaces]
