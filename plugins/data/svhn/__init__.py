"""SVHN: digits of house numbers (Netzer et al. 2011)."""

from gan_run import Component, hookimpl
from gan_run.plugins.data.svhn.source import Svhn


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Svhn]
