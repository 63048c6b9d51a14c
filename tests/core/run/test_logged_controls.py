"""Beside the losses metrics.jsonl has what controls training: rates, scheduled weights, an augmentation's p."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from click.testing import Result
from safetensors.torch import load_file
from torch import Tensor

from gan_run import (
    Augmentation,
    AugmentationModule,
    Callback,
    ImageShape,
    RunOptions,
    Schedule,
    StepLogged,
    Stopped,
    resume,
    train,
)
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
LINEAR = {"type": "linear", "start": 1.0, "end": 0.0}


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def options(registry: Registry, *callbacks: Callback, **more: Any) -> RunOptions:
    return RunOptions(callbacks=callbacks, notify=lambda text: None, registry=registry, **more)


def test_learning_rates_are_those_of_the_step(small: Small, registry: Registry, tmp_path: Path) -> None:
    spec = small(train={"steps": 4})
    spec["optimizers"]["generator"]["lr"] = LINEAR
    written = lines(train(spec, tmp_path, options=options(registry)))
    assert [line["generator/lr"] for line in written] == [1.0, 0.75, 0.5, 0.25]
    assert [line["discriminator/lr"] for line in written] == [2e-4] * 4


class Half(Schedule):
    """Half of another schedule."""

    type: Literal["half"] = "half"
    of: Schedule

    def at(self, step: int, steps: int) -> float:
        return self.of.at(step, steps) / 2


def test_every_schedule_is_logged_by_its_place_in_the_spec(small: Small, registry: Registry, tmp_path: Path) -> None:
    falling = {"type": "linear", "start": 0.5, "end": 0.25}
    spec = small(train={"steps": 2, "ema": falling})
    spec["losses"] = [
        {"type": "non-saturating", "weight": 0.5},
        {"type": "r1", "weight": {"type": "half", "of": LINEAR}},
        {"type": "mutual-information", "codes": {"c": 1.0}, "weight": LINEAR},
    ]
    spec["optimizers"]["generator"] |= {"lr": LINEAR, "betas": [0.5, falling]}
    written = lines(train(spec, tmp_path, options=options(registry, components=[Half])))
    logged = {name: [line[name] for line in written] for name in written[0] if "." in name}
    assert logged == {
        "losses[1].weight": [0.5, 0.25],
        "losses[2].weight": [1.0, 0.5],
        "optimizers.generator.betas[1]": [0.5, 0.375],
        "train.ema": [0.5, 0.375],
    }


class Steady(Augmentation):
    """Images as they are."""

    type: Literal["steady"] = "steady"
    strength: float

    def build(self, image: ImageShape) -> AugmentationModule:
        return SteadyModule(self.strength)


class SteadyModule(AugmentationModule):
    def __init__(self, strength: float) -> None:
        super().__init__()
        self.register_buffer("strength", torch.tensor(strength))

    def forward(self, images: Tensor) -> Tensor:
        return images

    def reports(self) -> dict[str, Tensor]:
        assert isinstance(self.strength, Tensor)
        return {"strength": self.strength}


def test_augmentations_report_by_their_type_and_number(small: Small, registry: Registry, tmp_path: Path) -> None:
    spec = small(train={"steps": 1})
    spec["discriminator"]["augment"] = [Steady(strength=0.25), {"type": "diffaugment"}, Steady(strength=0.5)]
    (line,) = lines(train(spec, tmp_path, options=options(registry, components=[Steady])))
    assert {name: value for name, value in line.items() if "augment" in name} == {
        "discriminator/augment/steady/strength": 0.25,
        "discriminator/augment/steady-again-1/strength": 0.5,
    }


def ada(small: Small) -> dict[str, Any]:
    spec = small(train={"steps": 8, "log_every": 4, "checkpoint_every": 100})
    spec["discriminator"]["augment"] = [{"type": "ada", "start": 0.5, "speed": 100, "every": 1}]
    return spec


def test_the_p_of_ada_is_logged_and_goes_on_in_a_resumed_run(small: Small, registry: Registry, tmp_path: Path) -> None:
    whole = train(ada(small), tmp_path / "whole", options=options(registry))
    shown = [line["discriminator/augment/ada/p"] for line in lines(whole)]
    saved = load_file(whole / "checkpoints/step-00000008/model.safetensors")
    assert shown[-1] == float(saved["game.discriminator.augment.parts.0.p"]) != 0.5

    asked = iter(range(1, 100))
    with pytest.raises(Stopped):
        train(ada(small), tmp_path / "parts", options=options(registry, stop=lambda: next(asked) == 6))
    resumed = lines(resume(tmp_path / "parts/small", options=options(registry)))
    assert [line["discriminator/augment/ada/p"] for line in resumed] == shown


def test_an_event_has_losses_and_controls_apart_and_the_whole_line_together(
    small: Small, registry: Registry, tmp_path: Path
) -> None:
    class Keeps(Callback):
        def step_logged(self, event: StepLogged) -> None:
            self.event = event

    keeps = Keeps()
    (line,) = lines(train(small(train={"steps": 1}), tmp_path, options=options(registry, keeps)))
    assert keeps.event.controls == {"discriminator/lr": 2e-4, "generator/lr": 1e-3}
    assert not keeps.event.losses.keys() & keeps.event.controls.keys()
    assert keeps.event.scalars == {name: value for name, value in line.items() if name not in ("step", "time", "crc32")}


def test_the_line_on_the_console_shows_losses_alone(
    here: Callable[..., Result], write_spec: Callable[..., Path]
) -> None:
    done = here(write_spec(train={"steps": 1}))
    (shown,) = (line for line in done.output.splitlines() if line.startswith("step 1/1"))
    assert "generator/non-saturating" in shown
    assert "/lr" not in shown
