"""What benchmarks/codes.py measures on images: classes, by a small classifier, and shapes of figures."""

import io
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn import functional as F

from gan_run import ImageSet, to_float

JPEG_QUALITY = 75
BATCH = 128


# Classifiers


def network(channels: int, classes: int) -> nn.Module:
    """Two convolutions and two linear layers for images of any size, which are seen at 28x28."""
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(28),
        nn.Conv2d(channels, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 128),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(128, classes),
    )


def train_classifier(
    images: Tensor, labels: Tensor, classes: int, epochs: int, device: torch.device, augment: bool
) -> nn.Module:
    """A classifier of uint8 images (N, C, H, W), with a learning rate that falls linearly to 0."""
    classifier = network(images.shape[1], classes).to(device)

    def loss(batch: Tensor) -> Tensor:
        seen = shifted(images[batch]) if augment else images[batch]
        return F.cross_entropy(classifier(to_float(seen).to(device)), labels[batch].to(device))

    return fit(classifier, len(images), epochs, loss)


def train_regression(
    train: ImageSet, test: ImageSet, wanted: Callable[[ImageSet], Tensor], epochs: int
) -> tuple[nn.Module, Tensor]:
    """A network that reads numbers off images, trained by the squared error, and its R2 on the test images.

    `wanted` gives the numbers of a set of images, (N, K), of about the same spread each; R2 is (K,).
    """
    numbers, held_out = wanted(train), wanted(test)
    regression = network(train.image.channels, numbers.shape[1])

    def loss(rows: Tensor) -> Tensor:
        return F.mse_loss(regression(train.batch(rows).images), numbers[rows])

    fit(regression, train.count, epochs, loss)
    read = logits(regression, test.batch(torch.arange(test.count)).images, torch.device("cpu"))
    return regression, 1 - (read - held_out).square().mean(0) / held_out.var(0)


def fit(model: nn.Module, count: int, epochs: int, loss_of: Callable[[Tensor], Tensor]) -> nn.Module:
    """Train a model by the loss of batches of rows (N,) of `count`, with a learning rate that falls linearly to 0."""
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    batches = [batch for _ in range(epochs) for batch in torch.split(torch.randperm(count), BATCH)]
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 - step / len(batches))
        loss = loss_of(batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward untyped
        optimizer.step()
    return model.eval()


@torch.no_grad()
def logits(classifier: nn.Module, images: Tensor, device: torch.device) -> Tensor:
    """A classifier's logits of float images, (N, classes) on the CPU."""
    return torch.cat([classifier(chunk.to(device)).cpu() for chunk in torch.split(images, 500)])


def accuracy(classifier: nn.Module, images: ImageSet, device: torch.device) -> float:
    """The share of a labelled split that a classifier gets right."""
    assert images.labels is not None
    right = [
        logits(classifier, to_float(chunk), device).argmax(1) == labels
        for chunk, labels in zip(torch.split(images.images, 500), torch.split(images.labels, 500), strict=True)
    ]
    return torch.cat(right).double().mean().item()


def shifted(images: Tensor) -> Tensor:
    """uint8 images (N, C, H, W), each moved by -1, 0 or 1 pixel each way; the border is repeated."""
    height, width = images.shape[2:]
    padded = F.pad(images.float(), (1, 1, 1, 1), mode="replicate").to(torch.uint8)
    moves = torch.randint(9, (len(images),))
    moved = torch.empty_like(images)
    for move in range(9):
        down, right = divmod(move, 3)
        moved[moves == move] = padded[moves == move, :, down : down + height, right : right + width]
    return moved


def compressed(images: Tensor) -> Tensor:
    """uint8 images (N, C, H, W), encoded as JPEG and decoded again."""
    back = []
    for image in images.permute(0, 2, 3, 1).numpy():
        buffer = io.BytesIO()
        Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, "JPEG", quality=JPEG_QUALITY)
        decoded = np.asarray(Image.open(buffer))
        back.append(decoded.reshape(image.shape))
    return torch.from_numpy(np.stack(back)).permute(0, 3, 1, 2).contiguous()


# Shapes


def ink_of(images: Tensor) -> Tensor:
    """How much each pixel belongs to the figure, (N, H, W) in [0, 1]: its distance from the border's grey."""
    grey = images.mean(1)
    border = torch.cat([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], dim=1).median()
    return ((grey - border).abs() / 2).clamp(0, 1)


def slant(ink: Tensor) -> Tensor:
    """mu11 / mu02 of each figure, (N,): the columns that it moves per row."""
    mass = ink.sum((1, 2)).clamp_min(1e-6)
    y = torch.arange(ink.shape[1], dtype=ink.dtype).view(1, -1, 1)
    x = torch.arange(ink.shape[2], dtype=ink.dtype).view(1, 1, -1)
    dy = y - ((ink * y).sum((1, 2)) / mass).view(-1, 1, 1)
    dx = x - ((ink * x).sum((1, 2)) / mass).view(-1, 1, 1)
    return (ink * dx * dy).sum((1, 2)) / (ink * dy * dy).sum((1, 2)).clamp_min(1e-6)


def stroke_width(ink: Tensor) -> Tensor:
    """Twice area by perimeter in pixels, (N,): the width of a long stroke. The perimeter is the total variation."""
    across = F.pad(ink, (0, 1))[:, :, 1:] - ink
    down = F.pad(ink, (0, 0, 0, 1))[:, 1:] - ink
    perimeter = (across.square() + down.square()).sqrt().sum((1, 2)).clamp_min(1e-6)
    return 2 * ink.sum((1, 2)) / perimeter


def correlation(code: Tensor, measure: Tensor, category: Tensor) -> dict[str, float]:
    """|rho| overall and averaged over categories; and the average with signs, which agree where the code means the
    same in every category."""
    categories = range(int(category.max()) + 1)
    within = [rho(code[category == each], measure[category == each]) for each in categories]
    return {
        "overall": abs(rho(code, measure)),
        "within": sum(map(abs, within)) / len(within),
        "within_signed": sum(within) / len(within),
    }


def rho(a: Tensor, b: Tensor) -> float:
    """Spearman's; 0 where something does not vary."""
    if a.min() == a.max() or b.min() == b.max():
        return 0.0
    return float(spearmanr(a.numpy(), b.numpy()).statistic)
