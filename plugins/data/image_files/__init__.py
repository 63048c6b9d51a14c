"""Datasets of image files: any folder, CelebA, and the rendered 3D chairs."""

from gan_run import Component, hookimpl
from gan_run.plugins.data.image_files.celeba import CelebA
from gan_run.plugins.data.image_files.chairs import Chairs
from gan_run.plugins.data.image_files.image_folder import ImageFolder


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [CelebA, Chairs, ImageFolder]
