"""CIFAR-10: small photographs of ten classes (Krizhevsky 2009)."""

from gan_run import Component, hookimpl
from gan_run.plugins.data.cifar10.source import Cifar10


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Cifar10]
