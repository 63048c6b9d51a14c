"""The correlation of codes with the known factors of the data: a table, and a heat map of it."""

from gan_run import Component, hookimpl
from gan_run.plugins.metrics.code_factor_correlation.heat_map import CodeFactorHeatMap
from gan_run.plugins.metrics.code_factor_correlation.metric import CodeFactorCorrelation


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [CodeFactorCorrelation, CodeFactorHeatMap]
