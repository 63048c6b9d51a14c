"""What one update of one player sees. Each part is computed once, on first use, and shared by all terms."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from gan_run.core.base.device import full_precision
from gan_run.core.base.lazy import once
from gan_run.core.kinds.augmentation import Augmentations
from gan_run.core.kinds.latent_space import Values
from gan_run.core.kinds.network import DiscriminatorModule, Features, GeneratorStack
from gan_run.core.nn.layers import statistics_at_rest


class Given(NamedTuple):
    """The tensors that enter an update from outside."""

    real: Tensor
    """(N, C, H, W)"""
    labels: Tensor | None
    """(N,), or None where the data has none"""
    latents: dict[str, Tensor]
    fake: Tensor | None
    """(N, C, H, W) made from `latents`; None if the player trains what makes it, so that it is made inside, unless it
    is trained by the fakes of the update before."""
    probes: dict[str, Tensor]
    terms: tuple[str, ...]
    """The keys of those that take part."""


class View:
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
        self._augment = augment or None  # none in a row are none
        self.images = images
        self.condition = condition

    @once
    def features(self) -> Features:
        trunk = self._discriminator.trunk
        if self._augment is None:
            features = trunk(self.images)
        else:
            # A finished model is asked about images as they are, so theirs are the running statistics to keep.
            with statistics_at_rest(trunk):
                features = trunk(self._augment(self.images))
        assert isinstance(features, Features)
        return features

    @once
    def logits(self) -> Tensor:
        """(N,), or (N, P) where P places of an image are judged by themselves; not squashed"""
        logits = self._discriminator.head(self.features, self.condition)
        assert isinstance(logits, Tensor)
        return full_precision(logits)

    @once
    def gradients(self) -> Tensor:
        """Of each image's logit, or the mean of its logits, at the image, (N, C, H, W), to be differentiated once more.
        The images have to require gradients: a term says so in `input_gradients`, or gives its own in `probes`."""
        per_image = self.logits.view(len(self.logits), -1).mean(dim=1)
        (gradients,) = torch.autograd.grad(per_image.sum(), self.images, create_graph=True)
        return gradients

    @once
    def unchanged(self) -> "View":
        """The same images under the same condition, as they are before any changes."""
        return self if self._augment is None else self.changed(None)

    def changed(self, augment: Augmentations | None) -> "View":
        """The same images under the same condition, after these changes in place of its own. Running statistics are
        left alone by what was changed."""
        return View(self._discriminator, self.images, self.condition, augment)


class Turn:
    """One update's view of the game."""

    def __init__(self, stack: GeneratorStack, discriminator: DiscriminatorModule, given: Given) -> None:
        self._stack = stack
        self._discriminator = discriminator
        self._given = given
        self._speaker = ""
        self.real = given.real
        self.labels = given.labels
        self.latents: Values = given.latents
        self.reports: dict[str, dict[str, Tensor]] = {}

    @once
    def fake(self) -> Tensor:
        """Images made from `latents`, (N, C, H, W)."""
        return self.generate(self.latents) if self._given.fake is None else self._given.fake

    @once
    def real_view(self) -> View:
        """The real images, under what their labels tell of the latents."""
        return self.discriminate(self.real, self._observed())

    @once
    def fake_view(self) -> View:
        """The generated images, under the latents they were made from."""
        return self.discriminate(self.fake, self.latents)

    def draw(self, n: int, given: Values | None = None) -> dict[str, Tensor]:
        """Fresh latent values beyond those of `latents`."""
        return self._stack.latents.sample(n, given)

    def generate(self, values: Values) -> Tensor:
        """Images (N, C, H, W) for these values; carries gradients into the generator where its player moves."""
        images = self._stack(values)
        assert isinstance(images, Tensor)
        return images

    def discriminate(self, images: Tensor, condition: Values | None = None) -> View:
        """A view of any images, after the changes of the discriminator's augmentation if it has one."""
        return View(self._discriminator, images, condition or {}, self._discriminator.augment)

    def probe(self, key: str) -> Tensor:
        """An input that this term asked for in `probes`."""
        return self._given.probes[f"{self._speaker}/{key}"]

    def report(self, name: str, value: Tensor) -> None:
        """Name a scalar for the log, in the term's own units. It costs nothing until it is logged."""
        self.reports.setdefault(self._speaker, {})[name] = value.detach()

    @contextmanager
    def speaking(self, term: str) -> Iterator[None]:
        """While `term` is asked for its objective, probes and reports are its own."""
        self._speaker = term
        yield
        self._speaker = ""

    def _observed(self) -> Mapping[str, Tensor]:
        if self.labels is None:
            return {}
        seen = {name: self._stack.latents[name].observe(self.labels) for name in self._stack.latents}
        return {name: value for name, value in seen.items() if value is not None}
