"""One step of a spec that leaves nothing behind, and what it tells."""

from typing import NamedTuple

from torch.utils.flop_counter import FlopCounterMode
from torch.utils.module_tracker import ModuleTracker

from gan_run.core.base.randomness import isolated_rng
from gan_run.core.engine.training import Training, read_scalars
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.resolve import check_against_data, resolve_device, with_train


class Report(NamedTuple):
    """What a spec comes to."""

    images: str
    parameters: dict[str, int]
    """By player."""
    entropy: dict[str, float]
    """Of every latent, in nats."""
    codes: list[str]
    flops: int
    """Of one step: all players once through."""
    losses: dict[str, float]
    """Of the first step."""


def dry_run(spec: Spec, data: Splits | None = None) -> Report:
    """Build `spec` and take one step, eagerly and in fp32, on `data` if that is open already. Raises as training would
    before and in its first step."""
    info = check_against_data(spec)
    spec = with_train(resolve_device(spec), precision="fp32", compile=False)
    with isolated_rng("dry run"):
        training = Training(spec, info, (data or Splits(spec.data))["train"])
        with FlopCounter() as counter:
            losses = training.advance()
    latents = training.game.latents
    return Report(
        images=f"{info.sizes['train'] - spec.data.validation} of {info.image}",
        parameters={p.name: sum(v.numel() for v in p.parameters.values()) for p in training.players},
        entropy={name: float(latents[name].entropy()) for name in latents},
        codes=list(spec.encoder_losses()),
        flops=counter.get_total_flops(),
        losses=read_scalars(losses),
    )


class FlopCounter(FlopCounterMode):
    """torch's counter, in total alone: it follows modules by hooks that fail where a penalty takes a gradient."""

    def __init__(self) -> None:
        super().__init__(display=False)
        self.mod_tracker = _Nowhere()


class _Nowhere(ModuleTracker):
    """Is never within a module."""

    def __enter__(self) -> "_Nowhere":
        return self

    def __exit__(self, *args: object) -> None:
        return None
