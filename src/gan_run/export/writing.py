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
        import onnxruntime  # noqa: F401  # the file is read again with it
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
    _check(path, onnx_differences(path, traced))
    return path


def onnx_differences(path: Path, traced: Traced) -> dict[str, float]:
    """The largest difference of each output of an .onnx file from the model's, relative to values above 1."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = {name: example.numpy() for name, example in zip(traced.inputs, traced.examples, strict=True)}
    used = {entry.name: given[entry.name] for entry in session.get_inputs()}
    return _differences(traced, [torch.from_numpy(np.asarray(one)) for one in session.run(list(traced.outputs), used)])


def write_torch(traced: Traced, folder: Path) -> Path:
    """Write `folder/NAME.pt2`, a program of torch.export.

    Raises:
        DataError: The file's outputs differ from the model's.
    """
    path = folder / f"{traced.name}.pt2"
    torch.export.save(traced.program, path)
    found = torch.export.load(path).module()(*traced.examples)
    _check(path, _differences(traced, [found] if isinstance(found, Tensor) else list(found)))
    return path


def _differences(traced: Traced, found: Sequence[Tensor]) -> dict[str, float]:
    with torch.no_grad():
        expected = traced.module(*traced.examples)
    wanted = [expected] if isinstance(expected, Tensor) else list(expected)
    return {
        name: ((one.double() - other.double()).abs() / other.double().abs().clamp_min(1)).max().item()
        for name, one, other in zip(traced.outputs, found, wanted, strict=True)
    }


def _check(path: Path, differences: Mapping[str, float]) -> None:
    for name, apart in differences.items():
        if not apart <= TOLERANCE:
            raise DataError(f"{path}: {name} differs by {apart:g} from the model's: the file is not to be used")


WRITERS: Mapping[str, Callable[[Traced, Path], Path]] = {"onnx": write_onnx, "torch": write_torch}
"""By the option that asks for it."""
