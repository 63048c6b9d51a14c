"""A small classifier of the dataset's own classes, and its training."""

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from gan_run import (
    Column,
    DataError,
    DataInfo,
    FeatureExtractor,
    FeatureIdentity,
    FeatureNetwork,
    ImageFeatures,
    ImageSet,
    ImageShape,
    Problem,
    SpecPath,
    SpecView,
    Splits,
    cache_folder,
    cached_tensors,
    hash_tensors,
    is_known,
    isolated_rng,
    suggest,
    track_progress,
)
from gan_run.plugins.metrics.fidelity.images import hash_images

FORMAT = 1
"""Part of the key of cached weights. Raise it when the network or its training changes."""
LEARNING_RATE = 2e-3
TRAINED_BATCH = 128
LAST_SIZE = 8
"""Feature maps of at most this height and width are not made smaller."""
POOLED = 4
"""Height and width of the last feature maps."""


class ClassifierNetwork(FeatureNetwork):
    """A small convolutional network that is trained to tell the classes of the training images; the features are its
    last layer but one.

    It is trained once for a dataset, and cached. It is the ruler for digits, drawings and other images that are unlike
    the photographs that Inception was trained on. Equal fields train equal weights on one machine with one number of
    threads; other machines may differ in the last bits, and the fingerprint of the scores with them.
    """

    type: Literal["classifier"] = "classifier"
    column: str = Field(default="label", description="The column of the data that holds the classes.")
    width: int = Field(default=16, ge=1, description="Number of channels of the first layer.")
    features: int = Field(default=128, ge=1, description="Number of features.")
    steps: int = Field(default=600, ge=1, description=f"Training steps, of {TRAINED_BATCH} images each.")
    seed: int = Field(default=0, ge=0, description="Seed of the first weights and of the order of the images.")
    cache: SpecPath = Field(
        default_factory=lambda: cache_folder("fidelity"), description="The folder of the trained weights."
    )

    def has_logits(self) -> bool:
        return True

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if why := data.why_no_set("train"):
            yield Problem(("type",), why)
        if not data.image.is_picture:
            yield Problem(("type",), f"classifier takes pictures, and not {data.image}")
        column = data.columns.get(self.column)
        if column is None or column.kind != "categorical" or column.shape:
            yield Problem(("column",), _no_classes(self.column, data))

    def build(self, data: Splits, device: torch.device) -> FeatureExtractor:
        images, labels = _labelled(data, self.column)
        classes = int(labels.max()) + 1
        key = {
            "format": FORMAT,
            "fields": self.model_dump(mode="json", exclude={"cache", "type"}),
            "images": hash_images(images),
            "labels": hash_tensors({"labels": labels}),
            "torch": torch.__version__,
        }
        with isolated_rng("fidelity classifier", self.seed), torch.enable_grad():
            network = Classifier(images.image, self.width, self.features, classes)
            weights = cached_tensors(self.cache, key, lambda: self._train(network.to(device), images, labels))
        network.load_state_dict(weights)
        return ClassifierFeatures(network).to(device).eval()

    def _train(self, network: "Classifier", images: ImageSet, labels: Tensor) -> dict[str, Tensor]:
        """The weights of a network after its training."""
        network.train().requires_grad_(True)
        device = next(network.parameters()).device
        optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE)
        for step in track_progress(range(self.steps), f"a classifier of {images.count} images"):
            rows = torch.randint(images.count, (TRAINED_BATCH,))
            batch = images.batch(rows.to(images.index_device)).images.to(device)
            loss = functional.cross_entropy(network.logits(network(batch)), labels[rows].to(device))
            optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - step / self.steps)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        return network.state_dict()


class Classifier(nn.Module):
    """Convolutions that halve height and width down to LAST_SIZE, then two linear layers."""

    def __init__(self, image: ImageShape, width: int, features: int, classes: int) -> None:
        super().__init__()
        layers = [*_layer(image.channels, width, 5, 1), nn.MaxPool2d(2, ceil_mode=True)]
        side, channels = -(-max(image.size) // 2), width
        while side > LAST_SIZE:
            wider = min(2 * channels, 4 * width)
            layers += _layer(channels, wider, 3, 2)
            side, channels = -(-side // 2), wider
        pooled = [nn.AdaptiveAvgPool2d(POOLED), nn.Flatten()]
        # Normalised: the kernel of KID takes features of about one.
        last = [nn.Linear(channels * POOLED**2, features), nn.BatchNorm1d(features), nn.ReLU()]
        self.layers = nn.Sequential(*layers, *pooled, *last)
        self.logits = nn.Linear(features, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Features (N, F) of images."""
        features = self.layers(images)
        assert isinstance(features, Tensor)
        return features


def _layer(channels: int, wider: int, kernel: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, wider, kernel, stride, kernel // 2), nn.BatchNorm2d(wider), nn.ReLU()]


class ClassifierFeatures(FeatureExtractor):
    """A trained classifier, frozen."""

    def __init__(self, network: Classifier) -> None:
        super().__init__()
        self.network = network.requires_grad_(False)
        weights = hash_tensors(network.state_dict())
        self.identity = FeatureIdentity("classifier", weights, "none", f"torch {torch.__version__}")

    def forward(self, images: Tensor) -> ImageFeatures:
        features = self.network(images)
        return ImageFeatures(features, self.network.logits(features))


def _labelled(data: Splits, name: str) -> tuple[ImageSet, Tensor]:
    """The training images whose class is known, and their classes, int64 (M,) on the CPU. Raises DataError."""
    if name not in data.info.columns:
        raise DataError(_no_classes(name, data.info))
    train = data["train"]
    values = train.columns[name].cpu()
    rows = torch.nonzero(is_known(values)).flatten()
    if not len(rows):
        raise DataError(f"no training image has a known {name!r}: a classifier cannot be trained")
    return train.select(rows), values[rows]


def _no_classes(name: str, data: DataInfo) -> str:
    def is_class(column: Column) -> bool:
        return column.kind == "categorical" and not column.shape

    there_are = suggest(name, (other for other, column in data.columns.items() if is_class(column)))
    return (
        f"the data has no column {name!r} of classes to train a classifier on{there_are}; "
        "`inception` and `torchscript` need none"
    )
