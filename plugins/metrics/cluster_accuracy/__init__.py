"""Categorical codes as clusterings: their accuracy with labels, and their agreement among runs."""

from gan_run import Component, hookimpl
from gan_run.plugins.metrics.cluster_accuracy.agreement import ClusteringAgreement
from gan_run.plugins.metrics.cluster_accuracy.metric import ClusterAccuracy


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [ClusterAccuracy, ClusteringAgreement]
