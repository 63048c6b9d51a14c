"""Between two log lines no step copies from or to the host: counted on a simulated CUDA device."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import pytest
import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode

from gan_run import (
    Loss,
    LossContext,
    LossTerm,
    UpdateContext,
    read_spec,
)
from gan_run.core.engine.scalars import LatestScalars
from gan_run.core.engine.training import Training
from gan_run.core.engine.update import Losses
from gan_run.core.run.dry_run import with_late_losses
from gan_run.core.run.loop import NonFiniteMonitor
from gan_run.registry.plugins import Registry
from gan_run.testing.host_sync import WAITS, HostSyncs, count_host_syncs
from stand_in import NARROW, on_stand_in

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.json"))


def training_of(content: Mapping[str, object], registry: Registry, **train: object) -> Training:
    """The training of a spec on images of nothing, in small batches, with narrow networks."""
    spec = with_late_losses(read_spec(on_stand_in(content), NARROW, registry))
    settled = {"device": "cpu", "precision": "fp32", "batch_size": 4, **train}
    spec = spec.model_copy(update={"train": spec.train.model_copy(update=settled)})
    return Training(spec, spec.data.describe(), spec.data.open("train"))


def syncs_of(training: Training) -> HostSyncs:
    monitor, scalars = NonFiniteMonitor(), LatestScalars()

    def record(losses: dict[str, Losses]) -> None:
        monitor.record(1, losses)
        scalars.record(losses)

    return count_host_syncs(training, record)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_no_step_of_an_example_waits_for_the_device(example: Path, registry: Registry) -> None:
    syncs = syncs_of(training_of(json.loads(example.read_text(encoding="utf-8")), registry))
    assert not syncs.found
    assert syncs.operations > 100  # it did run on the device


QUICKSTART = json.loads((EXAMPLES[0].parent / "quickstart.json").read_text(encoding="utf-8"))
CODES = [
    ({"type": "categorical", "classes": 3, "count": 2}, "k"),
    ({"type": "bernoulli", "probability": 0.3}, "b"),
    ({"type": "gaussian", "learn_std": True}, "g"),
    ({"type": "circular", "learn_std": True}, "a"),
    ({"type": "uniform", "count": 3}, "u"),
]
AUGMENTATIONS: list[dict[str, object]] = [
    {"type": "diffaugment"},
    {"type": "ada", "start": 0.5},
    {"type": "affine", "rotate": 10, "shift": 0.1},
    {"type": "crop", "across": [0.2, 0.8]},
    {"type": "mirror"},
    {"type": "shading"},
    {"type": "strokes"},
]


@pytest.mark.parametrize("augmentation", AUGMENTATIONS, ids=lambda each: str(each["type"]))
def test_nor_does_one_with_this_augmentation_of_the_discriminator_and_of_the_codes(
    augmentation: dict[str, object], registry: Registry
) -> None:
    content = {**QUICKSTART, "discriminator": {**QUICKSTART["discriminator"], "augment": [augmentation]}}
    information = {"type": "mutual-information", "codes": {"c1": 1.0}, "augment": [augmentation], "odd": ["c1"]}
    content["losses"] = [{"type": "non-saturating"}, information]
    assert not syncs_of(training_of(content, registry)).found


@pytest.mark.parametrize(("latent", "name"), CODES, ids=lambda each: str(each))
def test_nor_does_one_with_a_code_of_this_kind(latent: dict[str, object], name: str, registry: Registry) -> None:
    content = {**QUICKSTART, "latents": {"z": {"type": "uniform", "count": 4}, name: latent}}
    content["losses"] = [{"type": "non-saturating"}, {"type": "mutual-information", "codes": {name: 1.0}}]
    assert not syncs_of(training_of(content, registry)).found


def test_nor_does_one_with_lazy_losses_schedules_clipping_mirrored_images_and_fakes_used_again(
    registry: Registry,
) -> None:
    fading = {"type": "cosine", "start": 1e-3, "end": 1e-5}
    content = {
        **QUICKSTART,
        "data": {"type": "mnist-5k", "mirror": True},
        "discriminator": {"trunk": {"type": "dcgan", "width": 0.2, "norm": "layer"}, "head": {"type": "linear"}},
        "generator": {"type": "dcgan", "width": 0.2},
        "losses": [{"type": "hinge"}, {"type": "r1", "every": 2, "weight": fading}, {"type": "lecam"}],
        "optimizers": {player: {"type": "adam", "lr": fading} for player in ("generator", "discriminator")},
    }
    assert not syncs_of(training_of(content, registry, clip=1.0, reuse_fakes=True)).found


class HostReads(TorchDispatchMode):
    """Counts reads of numbers and constants of the host, on any device."""

    found = 0

    def __torch_dispatch__(
        self, func: OpOverload, types: object, args: tuple[object, ...] = (), kwargs: dict[str, object] | None = None
    ) -> object:
        self.found += func._schema.name in {*WAITS, "aten::lift_fresh"}
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("example", ["few-images", "infogan-mnist-tuned", "r3gan", "wgan-gp", "diffaugment"])
def test_nor_does_the_backward_pass_which_the_simulation_leaves_out(
    example: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = training_of(json.loads((EXAMPLES[0].parent / f"{example}.json").read_text(encoding="utf-8")), registry)
    reads, backward = HostReads(), Tensor.backward

    def watched(loss: Tensor) -> None:
        with reads:
            backward(loss)  # type: ignore[no-untyped-call]  # torch leaves it untyped

    monkeypatch.setattr(Tensor, "backward", watched)
    training.advance()
    assert reads.found == 0


class Waiting(Loss):
    """Makes the host wait for the device, in one of several ways."""

    type: Literal["waiting"] = "waiting"
    how: str

    def build(self, context: LossContext) -> LossTerm:
        return WaitingTerm(WAYS[self.how])


class WaitingTerm(LossTerm):
    def __init__(self, way: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self._way = way

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        return update.real_output.logits.mean() + self._way(update.real.flatten(1)).mean()


WAYS: dict[str, Callable[[Tensor], Tensor]] = {
    "a constant made on the host": lambda rows: rows * torch.tensor([2.0], device=rows.device),
    "a tensor of the host": lambda rows: rows + torch.zeros(1).to(rows.device),
    "an index on the host": lambda rows: rows[torch.arange(2)],
    "an inverse": lambda rows: torch.linalg.inv(rows[:, : len(rows)]),
    "a copy to the host": lambda rows: rows.cpu().mean().to(rows.device),
}


@pytest.mark.parametrize("how", WAYS)
def test_what_makes_the_host_wait_is_counted_and_named(how: str, registry: Registry) -> None:
    content = {**QUICKSTART, "losses": [{"type": "non-saturating"}, Waiting(how=how)]}
    found = syncs_of(training_of(content, registry)).found
    assert found
    assert all("test_host_sync.py" in place for place in found)


def test_a_number_that_is_read_from_the_device_is_no_number_there(registry: Registry) -> None:
    class Reads(Loss):
        type: Literal["reads"] = "reads"

        def build(self, context: LossContext) -> LossTerm:
            return WaitingTerm(lambda rows: rows * rows.sum().item())

    content = {**QUICKSTART, "losses": [{"type": "non-saturating"}, Reads()]}
    with pytest.raises(Exception, match="_local_scalar_dense"):
        syncs_of(training_of(content, registry))
