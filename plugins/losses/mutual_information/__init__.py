"""The information term of InfoGAN (Chen et al. 2016, arXiv 1606.03657)."""

from gan_run import Component, hookimpl
from gan_run.plugins.losses.mutual_information.loss import MutualInformation


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [MutualInformation]
