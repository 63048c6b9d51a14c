"""Regularisers: of the discriminator (consistency, LeCam) and of the generator (feature matching)."""

from gan_run import Component, hookimpl
from gan_run.plugins.losses.regularizers.consistency import Consistency
from gan_run.plugins.losses.regularizers.feature_matching import FeatureMatching
from gan_run.plugins.losses.regularizers.lecam import LeCam


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Consistency, FeatureMatching, LeCam]
