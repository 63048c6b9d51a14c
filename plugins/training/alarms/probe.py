"""What alarms measure at one log line, computed at most once for all of them."""

import math
from collections.abc import Mapping
from functools import cached_property

import torch
from torch import Tensor

from gan_run import Diagnostics, Model, Progress, Spec, StepLogged

SAMPLES = 64
"""Generated images. Their mean pairwise distance has a standard error of a few percent."""
PAIRS = 32
"""Pairs of images that differ in one code alone."""
GREY_LEVELS = 127.5
"""Grey levels of an 8-bit image per unit of a pixel in [-1, 1]."""


class Probe:
    """Measurements after one logged step, on the weights that generate images (the EMA, if there is one).

    Args:
        event: The logged step.
        spec: The spec of the run.
    """

    def __init__(self, event: StepLogged, spec: Spec) -> None:
        self.spec = spec
        self.progress = Progress(event.step - 1, event.steps)
        self._event = event

    @cached_property
    def diagnostics(self) -> Diagnostics:
        """What the step shows beyond its losses."""
        return self._event.diagnostics()

    @property
    def model(self) -> Model:
        """The networks, with batch norms as in training."""
        return self.diagnostics.model

    @cached_property
    def samples_distance(self) -> float:
        """The mean distance of two samples; see `mean_distance`."""
        return mean_distance(self._images)

    @cached_property
    def data_distance(self) -> float | None:
        """The mean distance of two real images of the step's last batch; None if it has one image."""
        real = self.diagnostics.real[:SAMPLES]
        return mean_distance(real) if len(real) > 1 else None

    @torch.no_grad()
    def recovery(self, code: str) -> float:
        """How well the encoder recovers a code from samples: see `LatentModule.recovery`, a number in [0, 1]."""
        latent = self.model.latents.conditional(code, self._values)
        return float(latent.recovery(self._params[code], self._values[code]))

    def effect(self, code: str) -> float | None:
        """How much a code changes images: the mean difference of two that differ in its value alone.

        Both are generated in one batch, so that batch norms see both alike.

        Returns:
            The root of the mean squared difference over pixels, in grey levels of an 8-bit image; None if no pair
            was drawn whose values differ.
        """
        latents = self.model.latents
        one = {name: value[:PAIRS] for name, value in self._values.items()}
        other = latents.sample(PAIRS, given={name: value for name, value in one.items() if name != code})
        images = self.model.generate({name: torch.cat([one[name], other[name]]) for name in one})
        differ = (one[code] != other[code]).flatten(1).any(1) if one[code].dim() > 1 else one[code] != other[code]
        difference = (images[:PAIRS] - images[PAIRS:]).flatten(1).square().mean(1).sqrt()[differ.cpu()]
        return float(difference.mean()) * GREY_LEVELS if len(difference) else None

    @cached_property
    def _values(self) -> Mapping[str, Tensor]:
        return self.model.sample_latents(SAMPLES)

    @cached_property
    def _images(self) -> Tensor:
        return self.model.generate(self._values)

    @cached_property
    def _params(self) -> Mapping[str, Tensor]:
        return self.model.posterior_params(self._images)


def mean_distance(images: Tensor) -> float:
    """The mean distance of two of some images: the root of the mean squared difference over pixels.

    Args:
        images: (N, C, H, W), two at least.
    """
    vectors = images.float().flatten(1)
    return float(torch.pdist(vectors).mean()) / math.sqrt(vectors.shape[1])
