"""The accuracy of a categorical code as a classifier of real images (Chen et al. 2016, section 7.2)."""

from gan_run import Component, hookimpl
from gan_run.plugins.metrics.cluster_accuracy.metric import ClusterAccuracy


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [ClusterAccuracy]
