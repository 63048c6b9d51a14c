"""Scores of disentanglement: codes of real images against the factors that the images were made from."""

from gan_run import Component, hookimpl
from gan_run.plugins.metrics.disentanglement.betavae import BetaVAEScore
from gan_run.plugins.metrics.disentanglement.dci import DCI
from gan_run.plugins.metrics.disentanglement.factorvae import FactorVAEScore
from gan_run.plugins.metrics.disentanglement.gaps import MIG, ModularityExplicitness
from gan_run.plugins.metrics.disentanglement.model_centrality import ModelCentrality
from gan_run.plugins.metrics.disentanglement.sap import SAP
from gan_run.plugins.metrics.disentanglement.udr import UDR


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [FactorVAEScore, BetaVAEScore, MIG, DCI, SAP, ModularityExplicitness, ModelCentrality, UDR]
