"""The network of the standard FID: InceptionV3 as torch-fidelity has it."""

import math
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import (
    DataError,
    DataInfo,
    FeatureExtractor,
    FeatureIdentity,
    FeatureNetwork,
    GanRunError,
    ImageFeatures,
    ImageShape,
    Problem,
    SpecPath,
    SpecView,
    Splits,
    download_files,
    hash_file,
    isolated_rng,
    to_uint8,
)
from gan_run.plugins.metrics.fidelity import library

LOGITS = "logits_unbiased"
"""The layer of the inception score: torch-fidelity's default for it, as in the original code."""


GRAY = (
    "inception was trained on photographs in colour: its features say little of gray images such as digits; where they "
    'have classes, {"type": "classifier"} is the better network'
)


class InceptionNetwork(FeatureNetwork):
    """InceptionV3 with the weights of the original FID, as torch-fidelity converted them: that of published FIDs.

    Its weights (91 MB) are downloaded once, to torch's cache folder. It was trained on photographs in colour: on digits
    and other drawings use `classifier`. Images are rounded to 8 bits, gray ones get three equal channels.
    """

    type: Literal["inception"] = "inception"
    layer: Literal["64", "192", "768", "2048"] = Field(
        default="2048", description="The layer, by its number of features; the standard is 2048."
    )
    weights: SpecPath | None = Field(
        default=None, description="A file with torch-fidelity's weights (.pth); null downloads it."
    )
    sha256: str | None = Field(default=None, description="SHA-256 that the file must have; null for any.")

    def has_logits(self) -> bool:
        return True

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if why := _why_not(data.image):
            yield Problem(("type",), why)
        if missing := list(library.problems()):
            yield from missing
            return
        try:  # a run would otherwise end at its last step
            self._file()
        except GanRunError as error:
            yield Problem(("weights",), str(error))

    def build(self, data: Splits, device: torch.device) -> FeatureExtractor:
        if why := _why_not(data.info.image):
            raise DataError(why)
        if data.info.image.channels == 1:
            warnings.warn(GRAY, stacklevel=2)
        version, file = library.name_and_version(), self._file()
        return Inception(file, hash_file(file), self.layer, version).to(device).eval()

    def _file(self) -> Path:
        """The file of weights. Raises DataError if it is missing, or has another SHA-256."""
        if self.weights is None:
            return _downloaded()
        if not self.weights.is_file():
            raise DataError(f"{self.weights} is missing")
        if self.sha256 is not None and (found := hash_file(self.weights)) != self.sha256:
            raise DataError(f"{self.weights} has the SHA-256 {found}, and not {self.sha256}")
        return self.weights


class Inception(FeatureExtractor):
    """torch-fidelity's InceptionV3, for images of one or three channels in [-1, 1]."""

    def __init__(self, file: Path, sha256: str, layer: str, version: str) -> None:
        super().__init__()
        from torch_fidelity import FeatureExtractorInceptionV3

        check_weights(file)
        with isolated_rng("inception"):  # its layers are initialised before they get the weights
            try:
                self.network = FeatureExtractorInceptionV3("inception", [layer, LOGITS], str(file))
            except RuntimeError as error:
                raise DataError(f"{file} does not fit: {str(error).splitlines()[0]}") from None
        resize = "bilinear to 299x299, as TensorFlow 1"
        self.identity = FeatureIdentity(f"inception, layer {layer}", sha256, resize, version)

    def forward(self, images: Tensor) -> ImageFeatures:
        vector, logits = self.network(to_uint8(images).expand(-1, 3, -1, -1))
        return ImageFeatures(vector, logits)


def check_weights(file: Path) -> None:
    """Refuse a file that is no dictionary of tensors: torch-fidelity would execute any code in it. Raises DataError."""
    try:
        torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever torch raises of a file that is damaged or holds more than tensors
        raise DataError(f"{file} cannot be read ({str(error).splitlines()[0]})") from None


def _why_not(image: ImageShape) -> str | None:
    if image.is_picture and image.channels in (1, 3) and math.prod(image.size) > 1:
        return None
    return f"inception takes pictures of 1 or 3 channels, and not {image}"


def _downloaded() -> Path:
    """The file that torch-fidelity downloads, in its place; downloaded if it is not there. Raises DataError."""
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    folder, name = Path(torch.hub.get_dir()) / "checkpoints", str(URL_INCEPTION_V3).rpartition("/")[2]
    if not (folder / name).is_file():
        failed = (
            f"the weights of inception are not in {folder}, and cannot be downloaded: fetch {URL_INCEPTION_V3} "
            'elsewhere, and give {"type": "inception", "weights": FILE}'
        )
        download_files(folder, lambda unfinished: [_fetch(URL_INCEPTION_V3, unfinished / name)], failed)
    return folder / name


def _fetch(url: str, file: Path) -> Path:
    # The name ends with the first digits of the file's SHA-256.
    torch.hub.download_url_to_file(url, str(file), hash_prefix=file.stem.rpartition("-")[2])
    return file
