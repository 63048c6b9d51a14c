"""Latents: the codes of InfoGAN (Chen et al. 2016, section 7), switches, angles, subcategories and conditions."""

from gan_run import Component, hookimpl
from gan_run.plugins.latents.standard.bernoulli import Bernoulli
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.child import Child
from gan_run.plugins.latents.standard.circular import Circular
from gan_run.plugins.latents.standard.factor import Factor
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.label import Label
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.latents.standard.vector import Vector


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Bernoulli, Categorical, Child, Circular, Factor, Gaussian, Label, Uniform, Vector]
