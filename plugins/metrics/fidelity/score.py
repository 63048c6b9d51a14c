"""What the scores of fidelity have in common."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import asdict

import torch
from pydantic import Field

from gan_run import (
    DataInfo,
    FeatureNetwork,
    ImageFeatures,
    Measurement,
    Metric,
    Model,
    Problem,
    SpecPath,
    SpecView,
    Split,
    Splits,
    cache_folder,
    cached_tensors,
)
from gan_run.plugins.metrics.fidelity import library
from gan_run.plugins.metrics.fidelity.features import Extraction
from gan_run.plugins.metrics.fidelity.images import RealImages, comparable_images, reference_images

FORMAT = 1
"""Part of the key of cached scores. Raise it when a score's computation changes."""


class FidelityScore(Metric):
    """A score of how close generated images are to real ones, in the features of a network.

    The reference is a split of the data. `real_images` has the scores of other real images in place of the generated
    ones: those of the test split (of the training split, if the reference is of another), or one half of the reference
    against the other. `measured_with` has all on which a score depends.
    """

    network: FeatureNetwork = Field(description="The network whose features are compared.")
    samples: int = Field(default=10000, ge=2, description="Number of generated images.")
    split: Split = Field(default="train", description="The split of the real images that they are compared with.")
    images: int | None = Field(default=None, ge=2, description="Number of these at most; null for all.")
    batch: int = Field(default=100, ge=1, description="Number of images in the network at once.")
    cache: SpecPath = Field(
        default_factory=lambda: cache_folder("fidelity"), description="The folder of the features of real images."
    )

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        yield from library.problems()
        if why := data.why_no_set(self.split):
            yield Problem(("split",), why)

    @abstractmethod
    def compute(self, features: ImageFeatures, reference: ImageFeatures, seed: int) -> Mapping[str, float]:
        """Compute the score.

        Args:
            features: Of the generated images, or of real ones in their place; N of them.
            reference: Of the real images, M of them.
            seed: Seed of random draws.

        Returns:
            Numbers by name, the score first.

        Example:
            def compute(self, features: ImageFeatures, reference: ImageFeatures, seed: int) -> Mapping[str, float]:
                return {"distance": float((features.vector.mean(0) - reference.vector.mean(0)).norm())}
        """

    def measure(self, model: Model, data: Splits) -> Measurement:
        computed_by = library.name_and_version()
        extractor = self.network.build(data, model.device)
        extraction = Extraction(extractor, model.device, self.batch, self.cache, self.name())
        reference = reference_images(data, self.split, self.images)
        measured_with: Measurement = {
            "network": asdict(extractor.identity),
            "reference": {"split": self.split, "images": reference.images.count, "sha256": reference.hash},
            "samples": self.samples,
            **self._settings(),
            "computed_by": computed_by,
        }
        real = self._real_score(extraction, comparable_images(data, reference, self.samples), computed_by)
        generated = extraction.of_generated(model, self.samples)
        score = self.compute(generated, extraction.of_real(reference), int(torch.randint(2**31, ())))
        return {
            **score,
            "real_images": real,
            "measured_on": {"split": self.split, "images": reference.images.count, "samples": self.samples},
            "measured_with": measured_with,
        }

    def _settings(self) -> Measurement:
        """The fields that only this score has."""
        return self.model_dump(
            mode="json", include=type(self).model_fields.keys() - FidelityScore.model_fields.keys() - {"type"}
        )

    def _real_score(self, extraction: Extraction, pair: tuple[RealImages, RealImages], computed_by: str) -> Measurement:
        """The score of real images in place of generated ones: it depends on no model, and is cached."""
        one, reference = pair
        key = {
            "format": FORMAT,
            "score": self.name(),
            "network": asdict(extraction.extractor.identity),
            "images": [one.hash, reference.hash],
            **self._settings(),
            "computed_by": computed_by,
        }

        def compute() -> dict[str, torch.Tensor]:
            score = self.compute(extraction.of_real(one), extraction.of_real(reference), seed=0)
            return {name: torch.tensor(value, dtype=torch.float64) for name, value in score.items()}

        numbers = {name: value.item() for name, value in cached_tensors(self.cache, key, compute).items()}
        return {**numbers, "split": one.split, "images": one.images.count}
