"""Adversarial losses."""

from gan_run import Component, hookimpl
from gan_run.plugins.losses.adversarial.hinge import Hinge
from gan_run.plugins.losses.adversarial.least_squares import LeastSquares
from gan_run.plugins.losses.adversarial.minimax import Minimax
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.adversarial.relativistic import Relativistic
from gan_run.plugins.losses.adversarial.relativistic_average import RelativisticAverage
from gan_run.plugins.losses.adversarial.wasserstein import Wasserstein


@hookimpl
def gan_run_components() -> list[type[Component]]:
    return [Hinge, LeastSquares, Minimax, NonSaturating, Relativistic, RelativisticAverage, Wasserstein]
