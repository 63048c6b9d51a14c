"""What each code has to do with each factor that the data knows: a table, and a picture of it."""

from gan_run import Component, hookimpl
from gan_run.plugins.metrics.code_factor_correlation.heat_map import CodeFactorHeatMap
from gan_run.plugins.metrics.code_factor_correlation.metric import CodeFactorCorrelation


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [CodeFactorCorrelation, CodeFactorHeatMap]
