"""Takes one step of a spec without a run folder, and reports what it found."""

from typing import NamedTuple

from torch.utils.flop_counter import FlopCounterMode
from torch.utils.module_tracker import ModuleTracker

from gan_run.core.base.randomness import isolated_rng
from gan_run.core.engine.training import Training, read_scalars
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.schedule import Progress
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.resolve import check_against_data, resolve_device, with_train
from gan_run.core.run.stand_in import StandInSplits


class Report(NamedTuple):
    """The size and the first step of a spec.

    Attributes:
        images: How many images of which shape, as text.
        parameters: How many parameters each player trains.
        entropy: The entropy of each latent, in nats.
        codes: The latents that a loss reads off images.
        flops: Of one step: each player's updates.
        losses: The losses and reports of the first step.
    """

    images: str
    parameters: dict[str, int]
    entropy: dict[str, float]
    codes: list[str]
    flops: int
    losses: dict[str, float]


def dry_run(spec: Spec, data: Splits | None = None) -> Report:
    """Build `spec` and take one step, eagerly and in fp32, with losses whose weight is 0 at first too.

    Args:
        spec: The spec.
        data: Its splits, which are loaded; by default random images of the same shape stand in for them, and the data
            is described alone.

    Raises:
        GanRunError: As training would before and in its first step.
    """
    data = data or StandInSplits(spec.data)
    info = check_against_data(spec, data)
    spec = with_late_losses(with_train(resolve_device(spec), precision="fp32", compile=False))
    images = data.training_images
    with isolated_rng("dry run"), Training(spec, info, images) as training:
        training.initialise()
        with FlopCounter() as counter:
            losses = training.advance()
    latents = training.game.latents
    return Report(
        images=f"{'a stream' if images is None else images.count} of {info.image}",
        parameters={p.name: sum(v.numel() for v in p.parameters.values()) for p in training.players},
        entropy={name: float(latents[name].entropy()) for name in latents if latents[name].posterior_width},
        codes=list(spec.encoder_losses()),
        flops=counter.get_total_flops(),
        losses=read_scalars(losses),
    )


def with_late_losses(spec: Spec) -> Spec:
    """`spec` with a weight of 1 where it is 0 in the first step: an error in a loss is found before the loss starts."""
    first = Progress(0, spec.train.steps)
    losses = tuple(
        loss if first.value(loss.weight) else loss.model_copy(update={"weight": 1.0}) for loss in spec.losses
    )
    return spec.model_copy(update={"losses": losses})


class FlopCounter(FlopCounterMode):
    """torch's FLOP counter without its per-module counts, whose hooks fail where a penalty takes a gradient."""

    def __init__(self) -> None:
        super().__init__(display=False)
        self.mod_tracker = _Nowhere()


class _Nowhere(ModuleTracker):
    """A module tracker that tracks nothing."""

    def __enter__(self) -> "_Nowhere":
        return self

    def __exit__(self, *args: object) -> None:
        return None
