"""A generator of objects in three dimensions: a code turns a volume, which is then rendered."""

from gan_run import Component, hookimpl
from gan_run.plugins.networks.volume.generator import VolumeGenerator


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [VolumeGenerator]
