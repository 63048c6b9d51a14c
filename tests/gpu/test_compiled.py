"""Compiled updates on a GPU, by CUDA graphs: what they log and learn is what eager ones do."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import gan_run
from gan_run import Spec
from gan_run.core.engine.training import Training, read_scalars
from gan_run.registry.plugins import Registry

STEPS = 50


def logged(run: Path) -> list[dict[str, float]]:
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        {name: value for name, value in json.loads(line).items() if name not in ("time", "crc32")} for line in lines
    ]


@pytest.mark.parametrize("reuse_fakes", [False, True])
def test_fifty_steps_log_and_learn_what_eager_ones_do(
    noise: Callable[..., Spec], registry: Registry, cuda: str, tmp_path: Path, reuse_fakes: bool
) -> None:
    """Rounding differs, and grows from step to step: the first ten steps are compared closely, all fifty loosely. A
    number read after the next replay has overwritten it, or an update that trains on old inputs, is off by far more."""
    runs = []
    for compiled in (True, False):
        train = {"steps": STEPS, "checkpoint_every": STEPS, "compile": compiled, "reuse_fakes": reuse_fakes}
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="the update of the .* stays eager")
            runs.append(
                gan_run.train(
                    noise(cuda, train), tmp_path / str(compiled), options=gan_run.RunOptions(registry=registry)
                )
            )
    ours, theirs = map(logged, runs)
    assert len(ours) == len(theirs) == STEPS
    for step, (found, wanted) in enumerate(zip(ours, theirs, strict=True)):
        near = 1e-3 if step < 10 else 5e-2
        assert found == pytest.approx(wanted, rel=near, abs=near), f"step {step + 1}"
    found, wanted = (load_file(run / "checkpoints" / f"step-{STEPS:08d}" / "model.safetensors") for run in runs)
    for name, value in wanted.items():
        # Adam moves each weight by about lr = 2e-4 a step at most, 1e-2 in all; what is checked is a fraction of that.
        if not name.endswith(("running_var", "running_mean", "num_batches_tracked")):
            torch.testing.assert_close(found[name], value, rtol=0, atol=2e-3, msg=name)


def test_losses_of_one_player_outlast_the_replay_of_the_others_update(
    noise: Callable[..., Spec], begin: Callable[[Spec], Training], cuda: str
) -> None:
    training = begin(noise(cuda, {"compile": True}))
    kept, read = [], []
    for _ in range(6):
        losses = training.advance()
        kept.append(losses)
        read.append(read_scalars(losses))
    assert [read_scalars(losses) for losses in kept] == read
    assert len({each["discriminator/non-saturating"] for each in read}) == len(read)
