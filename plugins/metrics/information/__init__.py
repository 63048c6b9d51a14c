"""The mutual information between codes and generated images (Chen et al. 2016, section 7.1)."""

from gan_run import Component, hookimpl
from gan_run.plugins.metrics.information.metric import Information


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Information]
