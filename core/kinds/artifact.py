"""Artifacts: files, usually images, that show a trained model."""

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from gan_run.core.kinds.component import Component
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.model import Model


class Artifact(Component):
    """Files, usually images, that show a trained model."""

    kind: ClassVar[str] = "artifact"
    every: int | None = Field(
        default=None, ge=1, description="Render every so many steps too, not at the end of training alone."
    )

    @property
    @abstractmethod
    def folder(self) -> str:
        """Name of the folder for the files, within the run folder.

        Returns:
            A relative path, such as "samples".

        Example:
            type: Literal["mean-image"] = "mean-image"

            @property
            def folder(self) -> str:
                return "mean-images"
        """

    @abstractmethod
    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        """Write the files.

        Args:
            model: The trained model.
            data: The dataset's splits; each is loaded when it is first used.
            stem: Path in the folder, without a suffix: `stem.with_suffix(".png")`. Names of all files begin with it.

        Returns:
            Paths of the files written. Random numbers come from torch's global generator, which the engine has seeded.

        Example:
            def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
                mean = to_uint8(model.sample(64).mean(dim=0))  # (C, H, W)
                path = stem.with_suffix(".png")
                Image.fromarray(mean[0].numpy()).save(path)
                return [path]
        """
