"""Sources of images that are rendered on the spot, with what is known of each: chairs and heads."""

from gan_run import hookimpl
from gan_run_rendered3d.chairs import RenderedChairs
from gan_run_rendered3d.faces import RenderedFaces
from gan_run_rendered3d.source import RenderedSet

__all__ = ["RenderedChairs", "RenderedFaces", "gan_run_components"]


@hookimpl
def gan_run_components() -> list[type[RenderedSet]]:
    """What this plugin adds."""
    return [RenderedChairs, RenderedFaces]
