"""CUDA's settings: set within a step, and as before afterwards. torch keeps them on machines without a GPU too."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch
from torch import backends

from gan_run.core.base.cuda_settings import cuda_settings
from gan_run.core.base.device import Precision

CUDA = torch.device("cuda")


def settings() -> tuple[object, ...]:
    newer = (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn, backends.mkldnn.matmul)  # type: ignore[attr-defined]  # made when torch is imported
    older = (torch.get_float32_matmul_precision(), backends.cudnn.allow_tf32)
    return (*older, *(each.fp32_precision for each in newer), backends.cudnn.benchmark)


@pytest.fixture(autouse=True)
def as_found() -> Iterator[None]:
    before = settings()
    yield
    assert settings() == before


@pytest.mark.parametrize(("precision", "tf32"), [("fp32", False), ("tf32", True), ("bf16", False)])
@pytest.mark.parametrize("benchmark", [False, True])
def test_products_and_convolutions_are_computed_as_asked(precision: Precision, tf32: bool, benchmark: bool) -> None:
    with cuda_settings(CUDA, precision, benchmark):
        assert torch.get_float32_matmul_precision() == ("high" if tf32 else "highest")
        assert backends.cuda.matmul.allow_tf32 == backends.cudnn.allow_tf32 == tf32
        assert (backends.cuda.matmul.fp32_precision == "tf32") == tf32
        assert backends.cudnn.benchmark == benchmark


def test_on_a_cpu_nothing_changes() -> None:
    before = settings()
    with cuda_settings(torch.device("cpu"), "tf32", True):
        assert settings() == before


def test_they_are_as_before_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), cuda_settings(CUDA, "tf32", True):
        raise ZeroDivisionError


def test_what_a_user_has_set_by_the_older_interface_comes_back() -> None:
    torch.set_float32_matmul_precision("medium")
    before = settings()
    with cuda_settings(CUDA, "fp32", False):
        assert torch.get_float32_matmul_precision() == "highest"
    assert settings() == before
    torch.set_float32_matmul_precision("highest")
    backends.cuda.matmul.fp32_precision = backends.mkldnn.matmul.fp32_precision = "none"  # type: ignore[attr-defined]  # as it was


def test_what_a_user_has_set_by_the_newer_interface_comes_back() -> None:
    """In a process of its own: it ends in a state that the older interface refuses to read."""
    code = """
import torch
from gan_run.core.base.cuda_settings import cuda_settings
torch.backends.cuda.matmul.fp32_precision = "tf32"
torch.backends.cudnn.conv.fp32_precision = "ieee"
with cuda_settings(torch.device("cuda"), "fp32", False):
    assert torch.get_float32_matmul_precision() == "highest"
    assert not torch.backends.cuda.matmul.allow_tf32
print(torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision)
"""
    said = subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout.split() == ["tf32", "ieee"]
