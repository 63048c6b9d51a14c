"""The codes of images, and their columns in a table."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_run.core.base.errors import CodeError
from gan_run.core.base.progress import track_progress
from gan_run.core.kinds.encoding import Encoding
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model
from gan_run.encoding.code_errors import code_errors
from gan_run.encoding.sources import SourceImages
from gan_run.tables import Table


@dataclass(frozen=True)
class EncodedImages:
    """N images with their codes."""

    model: Model
    images: SourceImages
    codes: Encoding
    features: Tensor | None
    """The trunk's features (N, F); None where they were not kept."""

    @cached_property
    def dims(self) -> list[CodeDim]:
        """The dimensions of all codes."""
        return self.model.code_dims()

    def is_categorical(self, dim: CodeDim) -> bool:
        """Whether a dimension has categories."""
        return self.model.latents[dim.name].cardinality is not None

    def values(self, dim: CodeDim) -> Tensor:
        """The most likely value of each image, (N,)."""
        return self.model.latents.value_of(self.codes, dim)

    def probabilities(self, dim: CodeDim) -> Tensor:
        """The probability of each category of a categorical dimension, (N, K)."""
        return self.model.latents.value_of(self.codes.probabilities, dim)

    def table(self, with_features: bool = False) -> Table:
        """The codes as a table.

        Args:
            with_features: Whether it has the trunk's features, which have been kept.

        Returns:
            `file`; for each categorical code its category, its name where `gan-run label` gave one, and the
            probability of each category, `CODE.p`; for each other code its value, and its standard deviation by Q,
            `CODE.std`; or, where Q predicts none, its root mean square error over generated images, `CODE.rmse`.
        """
        table: dict[str, NDArray[Any]] = {"file": np.array(self.images.names)}
        for dim in self.dims:
            table[str(dim)] = self.values(dim).numpy()
            if self.is_categorical(dim):
                if self.model.code_names.names_values(dim):
                    titles = [self.model.code_names.value_name(dim, value) for value in self.values(dim).tolist()]
                    table[f"{dim}.name"] = np.array(titles)
                table[f"{dim}.p"] = self.probabilities(dim).numpy()
            elif dim.name in self.codes.deviations:
                table[f"{dim}.std"] = self.model.latents.value_of(self.codes.deviations, dim).numpy()
            else:
                table[f"{dim}.rmse"] = np.full(len(self.images.names), self._errors[dim], dtype=np.float32)
        if with_features:
            assert self.features is not None
            table["features"] = self.features.numpy()
        return table

    @cached_property
    def _errors(self) -> dict[CodeDim, float]:
        return code_errors(self.model)


def encode_images(model: Model, images: SourceImages, with_features: bool = False) -> EncodedImages:
    """Encode images.

    Args:
        model: The model.
        images: The images.
        with_features: Whether the trunk's features are kept.

    Returns:
        The images with their codes.

    Raises:
        DataError: The images cannot be read.
        CodeError: The model has no codes.
    """
    if not model.codes:
        raise CodeError("this run has no code to read: no loss, such as mutual-information, trains an encoder")
    params: list[dict[str, Tensor]] = []
    features: list[Tensor] = []
    count = len(images.names)
    for rows in track_progress(torch.split(torch.arange(count), model.chunk_size), f"encoding {count} images"):
        batch = images.read(rows)
        params.append(model.posterior_params(batch))
        if with_features:
            features.append(model.features(batch))
    joined = {code: torch.cat([part[code] for part in params]) for code in model.codes}
    return EncodedImages(model, images, Encoding(model.latents, joined), torch.cat(features) if with_features else None)
