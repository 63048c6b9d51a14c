"""Latents: categorical, uniform and gaussian codes and noise (Chen et al. 2016, section 7)."""

from gan_run import Component, hookimpl
from gan_run.plugins.latents.categorical import Categorical
from gan_run.plugins.latents.gaussian import Gaussian
from gan_run.plugins.latents.uniform import Uniform


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Categorical, Gaussian, Uniform]
