"""The first batch: each component's output is compared with its contract before it can spoil a step.

A wrong shape often shows in another component, or not at all, where numbers broadcast. Nothing that is computed here
has an effect: random numbers are a stream of their own, buffers are put back.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from gan_run.core.base.errors import Place
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.images.image_set import Batch
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.contract import ContractError, check_tensor, checked_type, described
from gan_run.core.kinds.discriminator import Features
from gan_run.core.kinds.latent_space import LatentSpace
from gan_run.core.kinds.loss import Encoder
from gan_run.core.kinds.schedule import Progress, Schedule
from gan_run.core.kinds.update_context import DiscriminatorOutput

if TYPE_CHECKING:
    from gan_run.core.engine.training import Training


def inspect(training: "Training", batch: Batch) -> None:
    """Compare what the components of a training compute with their contracts.

    Args:
        training: The training, before a step.
        batch: The batch of that step.

    Raises:
        ContractError: The first component, in the order of the computation, whose output is not as it has to be.
    """
    spec = training.spec
    _check_schedules(training)
    _check_batch(training, batch)
    with isolated_rng(spec.seed, "inspection"), torch.no_grad(), _buffers_kept(training.game), training.autocast():
        images, latents = _generated(training, len(batch.images))
        _check_discriminator(training, images, latents)


def _check_schedules(training: "Training") -> None:
    progress = Progress(training.step, training.spec.train.steps)
    for place, schedule in training.spec.find_all(Schedule):
        value: object = schedule.at(progress.step, progress.steps)
        if not isinstance(value, (int, float)) or value != value:
            raise ContractError(
                schedule, place, f"at step {progress.step} it is {described(value)}, not a finite number"
            )


def _check_batch(training: "Training", batch: Batch) -> None:
    """The batch of the feed. Raises ContractError."""
    source, info, place = training.spec.data, training.info, ("data",)
    size = training.spec.train.batch_size // training.world.count
    given = checked_type(batch, Batch, source, place, "the feed's batch")
    check_tensor(given.images, [(size, *info.image)], source, place, "a batch of images")
    if given.images.dtype != torch.float32 or float(given.images.abs().max()) > 1.001:
        found = f"{given.images.dtype} from {float(given.images.min()):g} to {float(given.images.max()):g}"
        raise ContractError(source, place, f"a batch of images is {found}, not float32 from -1 to 1")
    if given.columns.keys() != info.columns.keys():
        wrong = f"a batch has the columns {sorted(given.columns)}, not {sorted(info.columns)}"
        raise ContractError(source, place, wrong)
    for name, column in given.columns.items():
        if not isinstance(column, Tensor) or len(column) != size:
            raise ContractError(
                source, place, f"the column {name!r} of a batch is {described(column)}, not {size} values"
            )


def _generated(training: "Training", count: int) -> tuple[Tensor, dict[str, Tensor]]:
    """Images, and the latents that they were generated from. Raises ContractError."""
    game, spec = training.game, training.spec
    values = game.latents.sample(count)
    for name in game.latents:
        declared, module, place = spec.latents[name], game.latents[name], ("latents", name)
        copies = (module.count,) if module.count > 1 else ()
        check_tensor(values[name], [(count, *copies, *module.value_shape)], declared, place, "a sample of it")
        embedded: object = module.conditional(values).embed(values[name])
        check_tensor(embedded, [(count, module.width)], declared, place, "its embedding")
    images: object = game.stack.generator(game.latents.embed(values))
    shape = (count, *training.info.image)
    return check_tensor(images, [shape], spec.generator, ("generator",), "a batch of images"), values


def _check_discriminator(training: "Training", images: Tensor, latents: dict[str, Tensor]) -> None:
    """The augmentations, the trunk, the head and the encoders on generated images. Raises ContractError."""
    game, declared, count = training.game, training.spec.discriminator, len(images)
    discriminator, seen = game.discriminator, images
    for index, part in enumerate(discriminator.augment.parts):
        at = ("discriminator", "augment", index)
        seen = check_tensor(part(seen), [tuple(images.shape)], declared.augment[index], at, "a batch of images")
    place = ("discriminator", "trunk")
    features = checked_type(discriminator.trunk.see(images, latents), Features, declared.trunk, place, "forward")
    width = discriminator.trunk.features
    check_tensor(features.vector, [(count, width)], declared.trunk, place, "its vector of features")
    for level, each in enumerate(features.maps):
        check_tensor(each, [(count, None, None, None)], declared.trunk, place, f"its feature map {level}")
    logits: object = discriminator.head(features, latents)
    check_tensor(logits, [(count,), (count, None)], declared.head, ("discriminator", "head"), "a batch of logits")
    output = DiscriminatorOutput(discriminator, images, latents)
    for index, (key, loss) in enumerate(training.spec.losses_by_key().items()):
        if (encoder := game.term(key).encoder()) is not None:
            _check_encoder(encoder, output, game.latents, loss, ("losses", index))


def _check_encoder(
    encoder: Encoder, output: DiscriminatorOutput, latents: LatentSpace, loss: Component, place: Place
) -> None:
    found = checked_type(encoder(output), Mapping, loss, place, "its encoder")
    for code in encoder.codes:
        shape = (len(output.images), latents[code].posterior_width)
        check_tensor(found.get(code), [shape], loss, place, f"what its encoder computes of {code!r}")


@contextmanager
def _buffers_kept(module: nn.Module) -> Iterator[None]:
    """Put back the buffers, such as running statistics, that a pass of the networks changes."""
    kept = [(buffer, buffer.clone()) for buffer in module.buffers()]
    try:
        yield
    finally:
        for buffer, before in kept:
            buffer.copy_(before)
