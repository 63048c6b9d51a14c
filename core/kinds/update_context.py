"""What one update of one player sees. Each part is computed once, on first use, and shared by all terms."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from gan_run.core.base.device import full_precision
from gan_run.core.base.lazy import lazy_property
from gan_run.core.kinds.augmentation import Augmentations
from gan_run.core.kinds.latent_space import Values
from gan_run.core.kinds.network import DiscriminatorModule, Features, GeneratorStack
from gan_run.core.nn.layers import frozen_running_stats


class UpdateInputs(NamedTuple):
    """The tensors that enter an update from outside."""

    real: Tensor
    """(N, C, H, W)"""
    labels: Tensor | None
    """(N,), or None where the data has none"""
    latents: dict[str, Tensor]
    fake: Tensor | None
    """(N, C, H, W), generated from `latents`; None if the update generates them when a term first uses them."""
    extra: dict[str, Tensor]
    terms: tuple[str, ...]
    """The keys of those that take part."""


class DiscriminatorOutput:
    """What the discriminator sees of a batch of images (N, C, H, W), under the condition they came with, after the
    changes of `augment`."""

    def __init__(
        self,
        discriminator: DiscriminatorModule,
        images: Tensor,
        condition: Values,
        augment: Augmentations | None = None,
    ) -> None:
        self._discriminator = discriminator
        self._augment = augment if augment is not None and len(augment) > 0 else None
        self.images = images
        self.condition = condition

    @lazy_property
    def features(self) -> Features:
        trunk = self._discriminator.trunk
        if self._augment is None:
            features = trunk(self.images)
        else:
            # A finished model is asked about images as they are, so theirs are the running statistics to keep.
            with frozen_running_stats(trunk):
                features = trunk(self._augment(self.images))
        assert isinstance(features, Features)
        return features

    @lazy_property
    def logits(self) -> Tensor:
        """(N,), or (N, P) where P places of an image are judged by themselves; not squashed.

        The head runs in float32 under autocast too: bfloat16 has 8 significant bits, too few for large logits.
        """
        seen = self.features
        with torch.autocast(self.images.device.type, enabled=False):
            features = Features(full_precision(seen.vector), tuple(full_precision(maps) for maps in seen.maps))
            logits = self._discriminator.head(features, self.condition)
        assert isinstance(logits, Tensor)
        return logits

    @lazy_property
    def gradients(self) -> Tensor:
        """Gradient of each image's logit (or of the mean of its logits) at the image, (N, C, H, W), differentiable.

        The images must require gradients: a term lists them in `input_gradients`, or gives its own by `extra_inputs`.
        """
        per_image = self.logits.view(len(self.logits), -1).mean(dim=1)
        with torch.autocast(self.images.device.type, enabled=False):
            (gradients,) = torch.autograd.grad(per_image.sum(), self.images, create_graph=True)
        return full_precision(gradients)

    @lazy_property
    def unaugmented(self) -> "DiscriminatorOutput":
        """The same images under the same condition, as they are before any changes."""
        return self if self._augment is None else self.augmented_with(None)

    def augmented_with(self, augment: Augmentations | None) -> "DiscriminatorOutput":
        """The same images under the same condition, after these changes in place of its own. Running statistics are
        left alone by what was changed."""
        return DiscriminatorOutput(self._discriminator, self.images, self.condition, augment)


class UpdateContext:
    """One update's output of the game."""

    def __init__(self, stack: GeneratorStack, discriminator: DiscriminatorModule, inputs: UpdateInputs) -> None:
        self._stack = stack
        self._discriminator = discriminator
        self._inputs = inputs
        self._term = ""
        self.real = inputs.real
        self.labels = inputs.labels
        self.latents: Values = inputs.latents
        self.reports: dict[str, dict[str, Tensor]] = {}

    @lazy_property
    def fake(self) -> Tensor:
        """Images made from `latents`, (N, C, H, W)."""
        return self.generate(self.latents) if self._inputs.fake is None else self._inputs.fake

    @lazy_property
    def real_output(self) -> DiscriminatorOutput:
        """The real images, under what their labels tell of the latents."""
        return self.discriminate(self.real, self._observed())

    @lazy_property
    def fake_output(self) -> DiscriminatorOutput:
        """The generated images, under the latents they were made from."""
        return self.discriminate(self.fake, self.latents)

    def sample_latents(self, n: int, given: Values | None = None) -> dict[str, Tensor]:
        """Fresh latent values beyond those of `latents`."""
        return self._stack.latents.sample(n, given)

    def generate(self, values: Values) -> Tensor:
        """Images (N, C, H, W) for these values; carries gradients into the generator where its player moves."""
        images = self._stack(values)
        assert isinstance(images, Tensor)
        return images

    def discriminate(self, images: Tensor, condition: Values | None = None) -> DiscriminatorOutput:
        """A output of any images, after the changes of the discriminator's augmentation if it has one."""
        return DiscriminatorOutput(self._discriminator, images, condition or {}, self._discriminator.augment)

    def extra_input(self, key: str) -> Tensor:
        """An input that this term asked for in `extra_inputs`."""
        return self._inputs.extra[f"{self._term}/{key}"]

    def report(self, name: str, value: Tensor) -> None:
        """Name a scalar for the log, in the term's own units. It costs nothing until it is logged."""
        self.reports.setdefault(self._term, {})[name] = value.detach()

    @contextmanager
    def for_term(self, term: str) -> Iterator[None]:
        """While `term` is asked for its objective, extra and reports are its own."""
        self._term = term
        yield
        self._term = ""

    def _observed(self) -> Mapping[str, Tensor]:
        if self.labels is None:
            return {}
        seen = {name: self._stack.latents[name].observe(self.labels) for name in self._stack.latents}
        return {name: value for name, value in seen.items() if value is not None}
