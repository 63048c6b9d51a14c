"""Augmentations: random changes of images."""

from gan_run import Component, hookimpl
from gan_run.plugins.training.augmentations.ada import Ada
from gan_run.plugins.training.augmentations.affine import Affine
from gan_run.plugins.training.augmentations.crop import Crop
from gan_run.plugins.training.augmentations.diffaugment import DiffAugment
from gan_run.plugins.training.augmentations.mirror import Mirror
from gan_run.plugins.training.augmentations.shading import Shading
from gan_run.plugins.training.augmentations.strokes import Strokes


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Ada, Affine, Crop, DiffAugment, Mirror, Shading, Strokes]
