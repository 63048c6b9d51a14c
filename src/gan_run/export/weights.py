"""The weights of a model as plain tensors, with the batch-norm statistics that its images are generated with."""

from pathlib import Path

from torch import Tensor

from gan_run.core.base.tensor_files import save_tensors
from gan_run.core.kinds.model import Model


def write_weights(model: Model, folder: Path) -> Path:
    """Write `folder/weights.safetensors`.

    `generator.` holds the state of the generator's module, which is the EMA where the run has one; `latents.` that of
    latents with parameters; `trunk.` that of the trunk; and `encoders.N.` that of the N-th Q. Each loads into the
    module that the network's `build` returns.
    """
    tensors: dict[str, Tensor] = {}
    for name, module in model.networks.items():
        tensors |= {f"{name}.{key}": value.contiguous().clone() for key, value in module.state_dict().items()}
    path = folder / "weights.safetensors"
    save_tensors(tensors, path, metadata={"format": "pt"})
    return path
