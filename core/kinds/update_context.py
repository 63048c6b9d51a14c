"""The inputs and intermediate results of one update of one player, computed on first use and shared by all losses."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from gan_run.core.base.device import full_precision
from gan_run.core.base.lazy import lazy_property
from gan_run.core.images.columns import Columns
from gan_run.core.kinds.augmentation import Augmentations
from gan_run.core.kinds.discriminator import DiscriminatorModule, Features
from gan_run.core.kinds.generator import GeneratorStack
from gan_run.core.kinds.latent_module import Values
from gan_run.core.kinds.schedule import START, Progress, Schedule
from gan_run.core.nn.layers import frozen_running_stats


class UpdateInputs(NamedTuple):
    """The input tensors of an update. Shapes: N batch, C H W image."""

    real: Tensor
    """Real images (N, C, H, W) in [-1, 1]."""
    columns: dict[str, Tensor]
    """What is known of the real images, (N, …) by name."""
    latents: dict[str, Tensor]
    """Latent values by name, (N, …) or (N, count, …), of the generated images."""
    fake: Tensor | None
    """Images (N, C, H, W) generated from `latents`; None if the update generates them when a term first uses them. With
    `train.reuse_fakes`: the discriminator update's fake batch, with its graph."""
    extra: dict[str, Tensor]
    """The losses' `extra_inputs`, by "loss/key"."""
    terms: tuple[str, ...]
    """Keys of the losses that are computed in this update."""
    progress: Progress = START
    """The step."""
    scheduled: tuple[Tensor, ...] = ()
    """The value at this step of each of the game's `schedules`, a scalar."""


class DiscriminatorOutput:
    """The discriminator's output for a batch of images: features, logits and their gradients, each computed once.

    Args:
        discriminator: The discriminator.
        images: Images (N, C, H, W) in [-1, 1].
        condition: Latent values by name, (N, …), that a conditional trunk or head uses.
        augment: Augmentations of the images before the trunk; None or an empty sequence for none.
    """

    def __init__(
        self,
        discriminator: DiscriminatorModule,
        images: Tensor,
        condition: Values,
        augment: Augmentations | None = None,
    ) -> None:
        self._discriminator = discriminator
        self._augment = augment if augment is not None and len(augment) > 0 else None
        self._others: list[DiscriminatorOutput] = []
        self.images = images
        self.condition = condition
        self.has_logits = False
        """Whether `logits` were computed."""

    @lazy_property
    def features(self) -> Features:
        """The trunk's output for the augmented images."""
        trunk = self._discriminator.trunk
        if self._augment is None:
            return trunk.see(self.images, self.condition)
        # Running statistics are used at evaluation, which is of images without augmentation.
        with frozen_running_stats(trunk):
            return trunk.see(self._augment(self.images), self.condition)

    @lazy_property
    def logits(self) -> Tensor:
        """The head's logits, float32 (N,), or (N, P) of P patches; without a sigmoid.

        The head runs in float32 under autocast too: bfloat16 has 8 significant bits, too few for large logits.
        """
        seen = self.features
        with torch.autocast(self.images.device.type, enabled=False):
            features = Features(full_precision(seen.vector), tuple(full_precision(maps) for maps in seen.maps))
            logits = self._discriminator.head(features, self.condition)
        assert isinstance(logits, Tensor)
        self.has_logits = True
        return logits

    @lazy_property
    def gradients(self) -> Tensor:
        """Gradient of each image's logit (or mean of P logits) with respect to the image, (N, C, H, W), with graph.

        The images must require gradients: a loss lists them in `input_gradients`, or adds images by `extra_inputs`.
        """
        per_image = self.logits.view(len(self.logits), -1).mean(dim=1)
        with torch.autocast(self.images.device.type, enabled=False):
            (gradients,) = torch.autograd.grad(per_image.sum(), self.images, create_graph=True)
        return full_precision(gradients)

    @lazy_property
    def unaugmented(self) -> "DiscriminatorOutput":
        """The output for the same images and condition without augmentation."""
        return self if self._augment is None else self.augmented_with(None)

    def augmented_with(self, augment: Augmentations | None) -> "DiscriminatorOutput":
        """The output for the same images and condition with other augmentations.

        Args:
            augment: The augmentations in place of the discriminator's; None for none.

        Returns:
            The output. Batch norms do not update their running statistics with augmented images.
        """
        other = DiscriminatorOutput(self._discriminator, self.images, self.condition, augment)
        self._others.append(other)
        return other

    def with_others(self) -> Iterator["DiscriminatorOutput"]:
        """This output, and those for the same images that were made of it.

        Returns:
            Outputs, whether their logits were computed or not.
        """
        yield self
        for other in self._others:
            yield from other.with_others()


class UpdateContext:
    """The images, latents and discriminator outputs of one update; the argument of a loss's objectives.

    Attributes:
        real: Real images (N, C, H, W) in [-1, 1].
        columns: What is known of the real images, (N, …) by name: `columns["label"]` is their class.
        latents: Latent values by name, (N, …) or (N, count, …), of the generated images.
        reports: The scalars given to `report`, by loss and name.
    """

    def __init__(
        self,
        stack: GeneratorStack,
        discriminator: DiscriminatorModule,
        inputs: UpdateInputs,
        observe: Callable[["UpdateContext"], Values] = lambda update: {},
        schedules: Sequence[Schedule] = (),
    ) -> None:
        self._stack = stack
        self._discriminator = discriminator
        self._inputs = inputs
        self._observe = observe
        self._schedules = schedules
        self._term = ""
        self._outputs: dict[str, DiscriminatorOutput] = {}
        self._others: list[DiscriminatorOutput] = []
        self.real = inputs.real
        self.columns: Columns = inputs.columns
        self.latents: Values = inputs.latents
        self.reports: dict[str, dict[str, Tensor]] = {}

    @lazy_property
    def fake(self) -> Tensor:
        """Images (N, C, H, W) generated from `latents`."""
        return self.generate(self.latents) if self._inputs.fake is None else self._inputs.fake

    @lazy_property
    def real_output(self) -> DiscriminatorOutput:
        """The discriminator's output for the real images; its condition is `observed`."""
        self._outputs["real"] = self._discriminate(self.real, self.observed)
        return self._outputs["real"]

    @lazy_property
    def observed(self) -> Values:
        """The latents' values on the real images: those that columns determine (`LatentModule.observe`) and those that
        a term computes (`LossTerm.observe`), by name."""
        return {**self._stack.latents.observe(self.columns), **self._observe(self)}

    @lazy_property
    def fake_output(self) -> DiscriminatorOutput:
        """The discriminator's output for the generated images; the condition has all latents."""
        self._outputs["fake"] = self._discriminate(self.fake, self.latents)
        return self._outputs["fake"]

    def computed_outputs(self) -> Iterable[tuple[str, DiscriminatorOutput]]:
        """The discriminator's outputs whose logits the losses have computed.

        Returns:
            `real_output` as "real", `fake_output` as "fake", and those that losses got by `discriminate` for images
            other than their `extra_inputs` as "other".
        """
        found = [*self._outputs.items(), *(("other", output) for output in self._others)]
        return [(name, each) for name, output in found for each in output.with_others() if each.has_logits]

    def computed_logits(self) -> dict[str, Tensor]:
        """The discriminator's logits as far as the losses have computed them.

        Returns:
            Logits (N,) or (N, P) without a graph, of `real_output` under "real" and of `fake_output` under "fake".
        """
        return {name: output.logits.detach() for name, output in self._outputs.items() if output.has_logits}

    @property
    def step(self) -> int:
        """The step that is taken, from 0. A compiled update that reads it is compiled at every step: use `value`."""
        return self._inputs.progress.step

    @property
    def steps(self) -> int:
        """Number of steps of the whole run."""
        return self._inputs.progress.steps

    def value(self, scheduled: float | Schedule) -> float | Tensor:
        """The number of a `Scheduled` field at this step.

        Args:
            scheduled: A field of the term's loss, or of what it declares.

        Returns:
            The number itself; a scalar tensor on the device if it is a schedule.
        """
        if not isinstance(scheduled, Schedule):
            return scheduled
        for schedule, value in zip(self._schedules, self._inputs.scheduled, strict=True):
            if schedule is scheduled:
                return value
        return self._inputs.progress.value(scheduled)

    def sample_latents(self, n: int, given: Values | None = None) -> dict[str, Tensor]:
        """Draw further latent values.

        Args:
            n: Number of values of each latent.
            given: Values to use unchanged instead of drawing them.

        Returns:
            Values by name, (n,) or (n, count).
        """
        return self._stack.latents.sample(n, given)

    def generate(self, values: Values) -> Tensor:
        """Generate images.

        Args:
            values: Values of every latent, (N,) or (N, count).

        Returns:
            Images (N, C, H, W) in [-1, 1], with a graph to the generator in updates that train it.
        """
        images = self._stack(values)
        assert isinstance(images, Tensor)
        return images

    def discriminate(self, images: Tensor, condition: Values | None = None) -> DiscriminatorOutput:
        """Apply the discriminator, with its augmentation, to any images.

        Args:
            images: Images (N, C, H, W) in [-1, 1].
            condition: Latent values by name, for a conditional head.

        Returns:
            The discriminator's output, computed on first use.
        """
        output = self._discriminate(images, condition or {})
        if not any(images is extra for extra in self._inputs.extra.values()):
            self._others.append(output)
        return output

    def _discriminate(self, images: Tensor, condition: Values) -> DiscriminatorOutput:
        return DiscriminatorOutput(self._discriminator, images, condition, self._discriminator.augment)

    def extra_input(self, key: str) -> Tensor:
        """An image batch that the loss's `extra_inputs` returned.

        Args:
            key: Its key there.

        Returns:
            Images (N, C, H, W) that require gradients.
        """
        return self._inputs.extra[f"{self._term}/{key}"]

    def report(self, name: str, value: Tensor) -> None:
        """Log a scalar beside the loss, as "player/loss/name". It is copied from the device only when it is logged.

        Args:
            name: Its name.
            value: Scalar tensor; it is detached.
        """
        self.reports.setdefault(self._term, {})[name] = value.detach()

    @contextmanager
    def for_term(self, term: str) -> Iterator[None]:
        """Within, `extra_input` and `report` are those of one loss.

        Args:
            term: The loss's key.

        Returns:
            A context manager.
        """
        self._term = term
        yield
        self._term = ""
