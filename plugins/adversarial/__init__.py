"""Adversarial losses."""

from gan_run import Component, hookimpl
from gan_run.plugins.adversarial.minimax import Minimax
from gan_run.plugins.adversarial.non_saturating import NonSaturating


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Minimax, NonSaturating]
