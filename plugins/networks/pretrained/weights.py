"""Weights from a .safetensors file."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, field_validator
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from gan_run import DataError, Declaration, SpecPath, check_file


class Weights(Declaration):
    """A file of weights. A run records its SHA-256, and needs it before its first step alone."""

    path: SpecPath = Field(description="The .safetensors file, such as a checkpoint's model.safetensors.")
    prefix: str = Field(
        default="",
        description="The beginning of the names to take, which is cut off: `game.discriminator.trunk.` for the trunk "
        "in a checkpoint of gan-run, `average.module.generator.` for the average of the generator.",
    )
    sha256: str | None = Field(default=None, description="SHA-256 that the file must have; null for any.")

    @field_validator("path")
    @classmethod
    def _check_suffix(cls, path: Path) -> Path:
        if path.suffix != ".safetensors":
            raise ValueError(f"{path.name} is no .safetensors file")
        return path

    def load_into(self, module: nn.Module) -> None:
        """Copy the weights into a module.

        Args:
            module: The module, whose parameters and buffers the file must have, by name and shape.

        Raises:
            DataError: The file is missing or damaged, has another SHA-256, or does not fit.
        """
        tensors = self._read()
        own = module.state_dict()
        wrong = [name for name, tensor in own.items() if name not in tensors or tensors[name].shape != tensor.shape]
        if wrong:
            found = f"{tuple(tensors[wrong[0]].shape)}" if wrong[0] in tensors else "missing"
            needed = tuple(own[wrong[0]].shape)
            raise DataError(
                f"{self.path} does not fit: {len(wrong)} of {len(own)} tensors, such as {self.prefix}{wrong[0]}, which "
                f"is {found} and has to be {needed}; see `prefix`"
            )
        module.load_state_dict({name: tensors[name] for name in own})

    def _read(self) -> Mapping[str, Tensor]:
        check_file(self.path)
        try:
            content = self.path.read_bytes()
            tensors = load_file(self.path)
        except (OSError, SafetensorError) as error:
            raise DataError(f"{self.path} cannot be read ({error})") from None
        found = hashlib.sha256(content).hexdigest()
        if self.sha256 not in (None, found):
            raise DataError(f"{self.path} has the SHA-256 {found}, and not {self.sha256}")
        return {
            name.removeprefix(self.prefix): tensor for name, tensor in tensors.items() if name.startswith(self.prefix)
        }
