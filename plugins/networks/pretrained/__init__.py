"""Networks with pretrained weights, frozen or trained on."""

from gan_run import Component, hookimpl
from gan_run.plugins.networks.pretrained.networks import PretrainedGenerator, PretrainedTrunk


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [PretrainedGenerator, PretrainedTrunk]
