"""InfoGAN's one loss: a lower bound on the mutual information between codes and image (Chen et al. 2016)."""

from gan_run import Component, hookimpl
from gan_run.plugins.losses.mutual_information.loss import MutualInformation


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [MutualInformation]
