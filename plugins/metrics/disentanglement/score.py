"""What the scores of disentanglement have in common."""

import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from pydantic import Field

from gan_run import DataInfo, Measurement, Metric, Model, Problem, SpecView, Split, Splits, suggest, track_progress
from gan_run.plugins.metrics.disentanglement.representation import Representation, represent


class DisentanglementScore(Metric):
    """A score of how the codes of real images are related to the factors that the images were made from.

    Images are encoded once. A protocol that asks for images that share the value of a factor draws them, with
    replacement, from those that were encoded: the same as drawing new ones where the images are all combinations of the
    factors, or a random part of them.
    """

    split: Split = Field(default="test", description="The split whose images are encoded.")
    images: int = Field(default=15000, ge=10, description="Number of images to encode at most, drawn at random.")
    codes: tuple[str, ...] | None = Field(
        default=None, min_length=2, description="Codes, or copies of one (c[0]); null for all that the model encodes."
    )
    factors: tuple[str, ...] | None = Field(
        default=None, min_length=2, description="Columns of the data; null for all with one number per image."
    )
    repeats: int = Field(default=1, ge=1, description="Number of repetitions with other random images and draws.")

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for index, code in enumerate(self.codes or ()):
            yield from spec.check_code(code, "codes", index)

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        known = [name for name, column in data.columns.items() if column.shape == ()]
        if len(known) < 2:
            yield Problem(("type",), "the data has less than two columns with one number per image")
        for index, factor in enumerate(self.factors or ()):
            if factor not in known:
                yield Problem(("factors", index), f"the data has no factor {factor!r}{suggest(factor, known)}")
        if why := data.why_no_set(self.split):
            yield Problem(("split",), why)

    @abstractmethod
    def score(self, encoded: Representation, draws: np.random.Generator) -> Mapping[str, float]:
        """Compute the score once.

        Args:
            encoded: The images in random order, at least ten, with two codes or more and two factors or more.
            draws: Where random numbers come from.

        Returns:
            Numbers by name, in [0, 1], the first of which is the score.

        Example:
            def score(self, encoded: Representation, draws: np.random.Generator) -> Mapping[str, float]:
                correlations = np.corrcoef(encoded.codes, encoded.factors, rowvar=False)
                return {"correlation": float(abs(correlations[: encoded.codes.shape[1]]).mean())}
        """

    def measure(self, model: Model, data: Splits) -> Measurement:
        scores: list[Mapping[str, float]] = []
        repetitions = range(self.repeats)
        for _ in track_progress(repetitions, self.name()) if self.repeats > 1 else repetitions:
            encoded = represent(model, data, self.split, self.images, self.codes, self.factors)
            scores.append(self.score(encoded, np.random.default_rng(int(torch.randint(2**31, ())))))
        numbers = {name: [score[name] for score in scores] for name in scores[0]}
        found: dict[str, float | Measurement] = {name: float(np.mean(values)) for name, values in numbers.items()}
        if self.repeats > 1:
            errors = {name: float(np.std(values, ddof=1)) for name, values in numbers.items()}
            found["standard_errors"] = {name: error / math.sqrt(self.repeats) for name, error in errors.items()}
        sizes = {name: int(encoded.factors[:, k].max()) + 1 for k, name in enumerate(encoded.factor_names)}
        return {
            **found,
            "codes": list(encoded.code_names),
            "factors": sizes,
            "measured_on": {"split": self.split, "images": len(encoded.codes)},
        }
