"""An artifact: something to look at, drawn from a trained model and, if need be, its data."""

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from gan_run.core.kinds.component import Component
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.model import Model


class Artifact(Component):
    """The declaration of an artifact."""

    kind: ClassVar[str] = "artifact"
    every: int | None = Field(default=None, ge=1, description="Also draw at every so many steps, not only the end.")

    @property
    @abstractmethod
    def folder(self) -> str:
        """The folder within a run where its files go."""

    @abstractmethod
    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        """Write one or more files whose names begin with `stem`, and return them. Randomness as for metrics."""
