"""The suite of callbacks, for the loggers whose tools are not installed."""

from pathlib import Path

import pytest

from gan_run import testing
from gan_run.core.kinds.component import ValidationContext
from gan_run.registry.plugins import load_plugins
from stand_in_tools import stand_in

CATALOGUE = load_plugins().catalogue


class Stands(testing.CallbackSuite):
    @pytest.fixture(autouse=True)
    def tool(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stand_in(self.component.name(), monkeypatch)


for name in ("wandb", "mlflow"):
    component = CATALOGUE.find("callback", name).model_validate({}, context=ValidationContext(CATALOGUE, Path.cwd()))
    attributes = {"component": component, "__module__": __name__, "__doc__": None}
    globals()[f"Test{name.title()}"] = type(f"Test{name.title()}", (Stands,), attributes)
