"""Real images beside the generated ones."""

import torch
from torch import Tensor

from gan_run.core.images.info import Split
from gan_run.encoding.encoded import EncodedImages, encode_images
from gan_run.encoding.sources import SourceImages, open_source
from gan_run.loading import LoadedRun

MOST = 2000
"""Images that are encoded, evenly chosen from the split."""


def encode_split(run: LoadedRun, split: Split) -> EncodedImages:
    """The codes of images of a split of the run's data.

    Raises:
        DataError: The data is missing or damaged, or has no such split.
    """
    source = open_source(run, split)
    count = len(source.names)
    chosen = torch.arange(count) if count <= MOST else torch.arange(MOST) * count // MOST

    def read(rows: Tensor) -> Tensor:
        return source.read(chosen[rows])

    return encode_images(run.model, SourceImages([source.names[row] for row in chosen.tolist()], None, read))
