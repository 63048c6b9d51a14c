"""Latents: InfoGAN's categorical, uniform and Gaussian codes (Chen et al. 2016, section 7), Bernoulli and circular
codes, and the class label."""

from gan_run import Component, hookimpl
from gan_run.plugins.latents.standard.bernoulli import Bernoulli
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.circular import Circular
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.label import Label
from gan_run.plugins.latents.standard.uniform import Uniform


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Bernoulli, Categorical, Circular, Gaussian, Label, Uniform]
