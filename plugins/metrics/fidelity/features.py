"""Features of real and of generated images."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from gan_run import FeatureExtractor, ImageFeatures, Model, cached_tensors, track_progress
from gan_run.plugins.metrics.fidelity.images import RealImages

FORMAT = 1
"""Part of every key. Raise it when what is cached changes."""


@dataclass(frozen=True)
class Extraction:
    """How features are computed."""

    extractor: FeatureExtractor
    device: torch.device
    batch: int
    """Images in the network at once."""
    cache: Path
    """The folder that holds the features of real images."""
    title: str
    """Said beside progress bars."""

    def of_real(self, real: RealImages) -> ImageFeatures:
        """Features of real images, from the cache if they are there."""
        key = {"format": FORMAT, "network": asdict(self.extractor.identity), "images": real.hash}
        found = cached_tensors(self.cache, key, lambda: _named(self._extract_real(real)))
        return ImageFeatures(found["vector"], found.get("logits"))

    def of_generated(self, model: Model, samples: int) -> ImageFeatures:
        """Features of images that a model generates, with torch's global random number generator.

        The images are rounded as the dataset stores pixels: networks tell images of 8 bits from others.
        """
        values = model.sample_latents(samples)
        batches = torch.split(torch.arange(samples), self.batch)
        return self._extract(
            model.codec.decode(
                model.codec.encode(model.generate({name: value[rows] for name, value in values.items()}))
            )
            for rows in track_progress(batches, f"{self.title}: {samples} generated images")
        )

    def _extract_real(self, real: RealImages) -> ImageFeatures:
        count = real.images.count
        batches = zip(
            track_progress(range(0, count, self.batch), f"{self.title}: {count} images of the {real.split} split"),
            real.batches(self.batch),
            strict=True,
        )
        return self._extract(images for _, images in batches)

    @torch.no_grad()
    def _extract(self, batches: Iterable[Tensor]) -> ImageFeatures:
        found = [self.extractor(images.to(self.device)) for images in batches]
        vectors = torch.cat([each.vector.float().cpu() for each in found])
        logits = [each.logits.float().cpu() for each in found if each.logits is not None]
        return ImageFeatures(vectors, torch.cat(logits) if logits else None)


def _named(features: ImageFeatures) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in features._asdict().items() if tensor is not None}
