"""Fully connected networks, as in the first GAN (Goodfellow et al. 2014, arXiv 1406.2661)."""

from gan_run import Component, hookimpl
from gan_run.plugins.networks.mlp.networks import MLPGenerator, MLPTrunk


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [MLPGenerator, MLPTrunk]
