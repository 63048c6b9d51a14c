"""Test suites for plugins, one for each kind of component, and fakes for metrics and artifacts.

A suite is a class of tests that every component of a kind must pass. Subclass it in a test file:

    from gan_run.testing import LossSuite

    class TestSmoothed(LossSuite):
        component = Smoothed(real=0.8)
"""

from pkgutil import iter_modules

import pytest

# A failed assertion shows its values in modules that are registered with pytest before their import.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))

from gan_run.testing.augmentation import AugmentationSuite
from gan_run.testing.callback import CallbackSuite
from gan_run.testing.component import ComponentSuite
from gan_run.testing.criterion import CriterionSuite
from gan_run.testing.data import DataSourceSuite
from gan_run.testing.fakes import FakeSplits, fake_model
from gan_run.testing.feature_network import FeatureNetworkSuite
from gan_run.testing.latent import LatentSuite
from gan_run.testing.loss import LossSuite
from gan_run.testing.metrics import ArtifactSuite, MetricSuite
from gan_run.testing.networks import GeneratorSuite, HeadSuite, TrunkSuite
from gan_run.testing.optimizers import OptimizerSuite, ScheduleSuite

__all__ = [
    "ArtifactSuite",
    "AugmentationSuite",
    "CallbackSuite",
    "ComponentSuite",
    "CriterionSuite",
    "DataSourceSuite",
    "FakeSplits",
    "FeatureNetworkSuite",
    "GeneratorSuite",
    "HeadSuite",
    "LatentSuite",
    "LossSuite",
    "MetricSuite",
    "OptimizerSuite",
    "ScheduleSuite",
    "TrunkSuite",
    "fake_model",
]
