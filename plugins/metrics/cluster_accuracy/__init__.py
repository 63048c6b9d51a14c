"""Categorical codes as clusterings: accuracy with labels, the confusion matrix, and agreement among runs."""

from gan_run import Component, hookimpl
from gan_run.plugins.metrics.cluster_accuracy.agreement import ClusteringAgreement
from gan_run.plugins.metrics.cluster_accuracy.confusion_matrix import ConfusionMatrix
from gan_run.plugins.metrics.cluster_accuracy.metric import ClusterAccuracy


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [ClusterAccuracy, ClusteringAgreement, ConfusionMatrix]
