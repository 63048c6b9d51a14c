"""Traced networks as files, each read again and compared with the model."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_run.core.base.errors import DataError
from gan_run.export.tracing import Traced

TOLERANCE = 1e-4
"""The largest difference of an output from the model's, relative to values above 1."""


def write_onnx(traced: Traced, folder: Path) -> Path:
    """Write `folder/NAME.onnx`.

    Raises:
        DataError: onnx or onnxruntime is not installed, or the file's outputs differ from the model's.
    """
    try:
        import onnxruntime
        import onnxscript  # noqa: F401  # torch.onnx uses it
    except ImportError:
        raise DataError("ONNX needs onnx, onnxscript and onnxruntime: pip install 'gan-run[onnx]'") from None
    path = folder / f"{traced.name}.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of torch about its own code
        program = torch.onnx.export(
            traced.program,
            dynamo=True,
            input_names=traced.inputs,
            output_names=traced.outputs,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    program.save(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = {name: example.numpy() for name, example in zip(traced.inputs, traced.examples, strict=True)}
    used = {entry.name: given[entry.name] for entry in session.get_inputs()}
    _compare(path, traced, [torch.from_numpy(np.asarray(found)) for found in session.run(list(traced.outputs), used)])
    return path


def write_torch(traced: Traced, folder: Path) -> Path:
    """Write `folder/NAME.pt2`, a program of torch.export.

    Raises:
        DataError: The file's outputs differ from the model's.
    """
    path = folder / f"{traced.name}.pt2"
    torch.export.save(traced.program, path)
    found = torch.export.load(path).module()(*traced.examples)
    _compare(path, traced, [found] if isinstance(found, Tensor) else list(found))
    return path


def _compare(path: Path, traced: Traced, found: Sequence[Tensor]) -> None:
    with torch.no_grad():
        expected = traced.module(*traced.examples)
    wanted = [expected] if isinstance(expected, Tensor) else list(expected)
    for name, one, other in zip(traced.outputs, found, wanted, strict=True):
        apart = ((one.double() - other.double()).abs() / other.double().abs().clamp_min(1)).max().item()
        if not apart <= TOLERANCE:
            raise DataError(f"{path}: {name} differs by {apart:g} from the model's: the file is not to be used")


WRITERS: Mapping[str, Callable[[Traced, Path], Path]] = {"onnx": write_onnx, "torch": write_torch}
"""By the option that asks for it."""
