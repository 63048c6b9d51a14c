"""STL-10: photographs of ten classes (Coates et al. 2011)."""

from gan_run import Component, hookimpl
from gan_run.plugins.data.stl10.source import STL10


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [STL10]
