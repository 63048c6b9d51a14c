"""Placeholders for components that are not installed, so that a run's model can be loaded without them.

A model is made of latents, networks and losses. The metrics, artifacts, callbacks, data source, optimisers and
schedules of a run are not needed for it: one that is not installed is read as a placeholder, which keeps its fields as
they were written and raises PluginError when it is used.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import new_class
from typing import ClassVar, Literal, NoReturn

import torch

from gan_run.core.base.errors import NotFoundByName, PluginError, Problem, show_place
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.artifact import Artifact
from gan_run.core.kinds.callback import Callback, DeclaredCallback
from gan_run.core.kinds.component import Catalogue, Component
from gan_run.core.kinds.data_source import DataSource, Splits
from gan_run.core.kinds.feature_network import FeatureExtractor, FeatureNetwork
from gan_run.core.kinds.metric import Measurement, Metric
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.optimizer import Optimizer, ParameterGroup
from gan_run.core.kinds.schedule import Schedule
from gan_run.core.kinds.spec import Spec
from gan_run.core.kinds.spec_view import SpecView


class Missing(Component):
    """A component that is not installed."""

    type: Literal["missing"] = "missing"
    reason: ClassVar[str] = ""
    """Why it was not found."""

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        # An evaluation is refused by a missing metric, its feature network or a data source, and only by these.
        if self.kind in ("metric", "feature-network", "data"):
            yield Problem(("type",), self.reason)

    def refuse(self) -> NoReturn:
        raise PluginError(self.reason)


class MissingMetric(Missing, Metric, extra="allow"):
    """A metric that is not installed."""

    def measure(self, model: Model, data: Splits) -> Measurement:
        self.refuse()


class MissingFeatureNetwork(Missing, FeatureNetwork, extra="allow"):
    """A feature network that is not installed."""

    def build(self, data: Splits, device: torch.device) -> FeatureExtractor:
        self.refuse()


class MissingArtifact(Missing, Artifact, extra="allow"):
    """An artifact that is not installed."""

    @property
    def folder(self) -> str:
        self.refuse()

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        self.refuse()


class MissingCallback(Missing, DeclaredCallback, extra="allow"):
    """A callback that is not installed."""

    def build(self) -> Callback:
        self.refuse()


class MissingDataSource(Missing, DataSource, extra="allow"):
    """A data source that is not installed."""

    def describe(self) -> DataInfo:
        self.refuse()

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        self.refuse()


class MissingOptimizer(Missing, Optimizer, extra="allow"):
    """An optimiser that is not installed."""

    def build(self, parameters: list[ParameterGroup]) -> torch.optim.Optimizer:
        self.refuse()


class MissingSchedule(Missing, Schedule, extra="allow"):
    """A schedule that is not installed."""

    def at(self, step: int, steps: int) -> float:
        self.refuse()


PLACEHOLDERS: dict[str, type[Missing]] = {
    str(placeholder.kind): placeholder
    for placeholder in (
        MissingMetric,
        MissingFeatureNetwork,
        MissingArtifact,
        MissingCallback,
        MissingDataSource,
        MissingOptimizer,
        MissingSchedule,
    )
}


@dataclass(frozen=True)
class LenientCatalogue:
    """A catalogue that answers with a placeholder for what a model can be loaded without."""

    installed: Catalogue

    def find(self, kind: str, name: str) -> type[Component]:
        """The component called `name`, or a placeholder. Raises NotFoundByName for latents, networks and losses."""
        try:
            return self.installed.find(kind, name)
        except NotFoundByName as error:
            if kind not in PLACEHOLDERS:
                raise
            return _placeholder(kind, str(error))

    def names(self, kind: str) -> list[str]:
        """The names of the components that are installed."""
        return self.installed.names(kind)


def missing_parts(spec: Spec) -> Iterator[str]:
    """For each placeholder in a spec, its place and why the component was not found."""
    for place, part in spec.find_all(Missing):
        yield f"{show_place(place)}: {part.reason}"


@cache
def _placeholder(kind: str, reason: str) -> type[Missing]:
    # The reason belongs to the class, as every field of the instance is one of the spec.
    base = PLACEHOLDERS[kind]
    return new_class(base.__name__, (base,), exec_body=lambda names: names.update(reason=reason, __module__=__name__))
