"""A folder of pictures as a source of images."""

from gan_run import Component, hookimpl
from gan_run.plugins.image_folder.source import ImageFolder


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [ImageFolder]
