"""Scores of how close generated images are to real ones (FID, KID, inception score, precision and recall), and the
networks whose features they compare."""

from gan_run import Component, hookimpl
from gan_run.plugins.metrics.fidelity.classifier import ClassifierNetwork
from gan_run.plugins.metrics.fidelity.fid import FID
from gan_run.plugins.metrics.fidelity.inception import InceptionNetwork
from gan_run.plugins.metrics.fidelity.inception_score import InceptionScore
from gan_run.plugins.metrics.fidelity.kid import KID
from gan_run.plugins.metrics.fidelity.prdc import PRDC
from gan_run.plugins.metrics.fidelity.torchscript import TorchScriptNetwork


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [FID, KID, InceptionScore, PRDC, InceptionNetwork, ClassifierNetwork, TorchScriptNetwork]
