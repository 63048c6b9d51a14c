"""A network from a TorchScript file."""

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional

from gan_run import (
    DataError,
    DataInfo,
    FeatureExtractor,
    FeatureIdentity,
    FeatureNetwork,
    GanRunError,
    ImageFeatures,
    Problem,
    SpecPath,
    SpecView,
    Splits,
    hash_file,
)

Resize = Literal["nearest", "bilinear", "bicubic"]


class TorchScriptNetwork(FeatureNetwork):
    """Any network that was saved with `torch.jit.save`.

    It maps float images (N, C, height, width) in `range` to features (N, F); or, with `classes`, to a pair of features
    and logits (N, K).
    """

    type: Literal["torchscript"] = "torchscript"
    path: SpecPath = Field(description="The file.")
    sha256: str | None = Field(default=None, description="SHA-256 that the file must have; null for any.")
    size: tuple[int, int] | None = Field(
        default=None, description="Height and width that images are brought to; null for those that they have."
    )
    resize: Resize = Field(
        default="bicubic", description="How they are brought to it; bilinear and bicubic are antialiased."
    )
    channels: Literal[1, 3] | None = Field(
        default=None, description="Number of channels; 3 makes gray images coloured. null for that of the images."
    )
    range: tuple[float, float] = Field(default=(-1.0, 1.0), description="The values of black and white.")
    classes: bool = Field(default=False, description="Whether the network gives a pair of features and class logits.")

    @model_validator(mode="after")
    def _check_range(self) -> "TorchScriptNetwork":
        if self.range[0] >= self.range[1]:
            raise ValueError("range: the first value is below the second")
        return self

    def has_logits(self) -> bool:
        return self.classes

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        try:
            self._hash(data)
        except GanRunError as error:
            yield Problem(("path",), str(error))

    def build(self, data: Splits, device: torch.device) -> FeatureExtractor:
        return TorchScript(self, self._hash(data.info)).to(device).eval()

    def _hash(self, data: DataInfo) -> str:
        """SHA-256 of the file. Raises DataError if it is missing, not the wanted one, or does not fit the images."""
        if self.size is not None and not data.image.is_picture:
            raise DataError(f"images of {data.image} are no pictures, which have a height and a width")
        if self.channels not in (None, data.image.channels) and data.image.channels != 1:
            raise DataError(f"images of {data.image} cannot be given {self.channels} channels")
        if not self.path.is_file():
            raise DataError(f"{self.path} is missing")
        found = hash_file(self.path)
        if self.sha256 not in (None, found):
            raise DataError(f"{self.path} has the SHA-256 {found}, and not {self.sha256}")
        return found


class TorchScript(FeatureExtractor):
    """The network with what comes before it: channels, size and range."""

    def __init__(self, declared: TorchScriptNetwork, sha256: str) -> None:
        super().__init__()
        self._declared = declared
        self.network = _loaded(declared.path)
        for parameter in self.network.parameters():  # a script module has no `requires_grad_`
            parameter.requires_grad = False
        low, high = declared.range
        name = f"torchscript, range {low:g} to {high:g}, channels {declared.channels or 'as they are'}"
        self.identity = FeatureIdentity(name, sha256, _show(declared), f"torch {torch.__version__}")

    def forward(self, images: Tensor) -> ImageFeatures:
        low, high = self._declared.range
        if self._declared.channels is not None:
            images = images.expand(-1, self._declared.channels, -1, -1)
        found = self.network((_resized(images, self._declared) + 1) * ((high - low) / 2) + low)
        features, logits = found if isinstance(found, tuple) and len(found) == 2 else (found, None)
        if (
            not isinstance(features, Tensor)
            or features.dim() != 2
            or (logits is not None) is not self._declared.classes
        ):
            wanted = "a pair of features (N, F) and logits (N, K)" if self._declared.classes else "features (N, F)"
            raise DataError(f"{self._declared.path}: the network does not give {wanted}; see the field `classes`")
        return ImageFeatures(features, logits)


def _resized(images: Tensor, declared: TorchScriptNetwork) -> Tensor:
    if declared.size in (None, tuple(images.shape[2:])):
        return images
    antialias = declared.resize != "nearest"
    return functional.interpolate(images, declared.size, mode=declared.resize, antialias=antialias)


def _show(declared: TorchScriptNetwork) -> str:
    if declared.size is None:
        return "none"
    antialiased = "" if declared.resize == "nearest" else ", antialiased"
    return f"{declared.resize} to {declared.size[0]}x{declared.size[1]}{antialiased}"


def _loaded(path: Path) -> torch.jit.ScriptModule:
    try:
        with warnings.catch_warnings():
            # torch advises torch.export instead; feature networks are still passed around as TorchScript.
            warnings.simplefilter("ignore", FutureWarning)
            loaded = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]  # torch has no types here
    except (RuntimeError, ValueError) as error:
        raise DataError(f"{path} is no TorchScript file ({str(error).splitlines()[0]})") from None
    assert isinstance(loaded, torch.jit.ScriptModule)
    return loaded
