"""Elastic-InfoGAN (Ojha et al. 2020, arXiv 1910.01112): codes for classes that are not equally frequent."""

from gan_run import Component, hookimpl
from gan_run_elastic_infogan.pairs import IdentityPairs
from gan_run_elastic_infogan.prior import LearntCategorical


@hookimpl
def gan_run_components() -> list[type[Component]]:
    """The components of this plugin."""
    return [IdentityPairs, LearntCategorical]
