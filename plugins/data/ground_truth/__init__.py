"""Published images whose factors are all known: dSprites, 3D Shapes, Cars3D and smallNORB."""

from gan_run import Component, hookimpl
from gan_run.plugins.data.ground_truth.cars3d import Cars3D
from gan_run.plugins.data.ground_truth.dsprites import DSprites
from gan_run.plugins.data.ground_truth.shapes3d import Shapes3D
from gan_run.plugins.data.ground_truth.smallnorb import SmallNORB


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Cars3D, DSprites, Shapes3D, SmallNORB]
