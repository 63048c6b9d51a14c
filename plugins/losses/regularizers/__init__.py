"""Regularisers: consistency and LeCam for the discriminator, feature matching and path length for the generator."""

from gan_run import Component, hookimpl
from gan_run.plugins.losses.regularizers.consistency import Consistency
from gan_run.plugins.losses.regularizers.feature_matching import FeatureMatching
from gan_run.plugins.losses.regularizers.lecam import LeCam
from gan_run.plugins.losses.regularizers.path_length import PathLength


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Consistency, FeatureMatching, LeCam, PathLength]
