"""What a run's codes mean, seen by others than the run's own Q.

    python benchmarks/codes.py RUN [RUN ...] [--parts share,shape,watermark] [--json]

share      A classifier trained on the run's own labelled images names 500 samples of each category. Per category: the
           most frequent class and its share. Distinct top classes show how many classes the code tells apart.
shape      Slant and stroke width of 2,000 samples, and the rank correlation of each continuous code with either, within
           each category and overall: does a code turn something that a person would name?
watermark  A fresh Q learns the category from 20,000 samples that were shifted by up to a pixel and JPEG-compressed, and
           reads 5,000 others. What G hides in single pixels, for its own Q alone, does not survive that; the nats that
           do are in what one sees (Chu et al. 2017, arXiv 1712.02950, on such steganography).

Only the public API is used. The same run gives the same numbers on the same machine.
"""

import argparse
import io
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn import functional as F

import gan_run
from gan_run import GanRunError, ImageSet, Model, Splits, to_float, to_uint8

PER_CATEGORY = 500
SHAPES = 2000
LEARN, HELD_OUT = 20_000, 5_000
JPEG_QUALITY = 75
CLASSIFIER_IMAGES = 120_000
"""How many (augmented) images a classifier of real images is shown, whatever the size of the data set."""
Q_EPOCHS = 4
BATCH = 128

Found = dict[str, object]


# The three parts


def class_share(model: Model, data: Splits, names: tuple[str, ...] | None) -> Found:
    """What each category shows, by the word of a classifier of real images."""
    code, categories = categorical(model)
    train = data["train"]
    if names is None or train.labels is None:
        raise GanRunError("share: the data has no labels to train a classifier on")
    torch.manual_seed(0)
    epochs = max(2, math.ceil(CLASSIFIER_IMAGES / len(train.images)))
    classifier = train_classifier(train.images, train.labels, len(names), epochs, model.device, augment=True)
    shown: dict[str, Found] = {}
    tops = set()
    for category in range(categories):
        images = model.generate(model.sample_latents(PER_CATEGORY, {code: category}))
        counts = logits(classifier, images, model.device).argmax(1).bincount(minlength=len(names))
        top = int(counts.argmax())
        tops.add(top)
        shown[str(category)] = {"class": names[top], "share": counts[top].item() / PER_CATEGORY}
    return {
        "classifier_test_accuracy": accuracy(classifier, data["test"], model.device),
        "samples_per_category": PER_CATEGORY,
        "categories": shown,
        "distinct_top_classes": len(tops),
    }


def shape_correlations(model: Model) -> Found:
    """Spearman's rho of each continuous code with the slant and the stroke width of what it draws."""
    turned = [
        code_dim
        for code_dim in model.latents.code_dims(model.codes)
        if model.latents[code_dim.name].cardinality is None
    ]
    if not turned:
        raise GanRunError("shape: the model reads no continuous code")
    torch.manual_seed(1)
    values = model.sample_latents(SHAPES)
    category = torch.zeros(SHAPES, dtype=torch.int64)
    if any(model.latents[name].cardinality is not None for name in model.codes):
        code, categories = categorical(model)
        category = torch.arange(SHAPES) % categories
        values = model.latents.with_value(values, model.latents.code_dims([code])[0], category)
    ink = ink_of(model.generate(values))
    measures = {"slant": slant(ink), "stroke": stroke_width(ink)}
    found: Found = {"samples": SHAPES}
    for code_dim in turned:
        column = model.latents.value_of(values, code_dim)
        found[str(code_dim)] = {
            name: correlation(column.cpu(), measure, category) for name, measure in measures.items()
        }
    return found


def without_watermark(model: Model) -> Found:
    """The nats about the category that a fresh Q recovers from shifted and compressed samples."""
    code, categories = categorical(model)
    torch.manual_seed(2)
    category = torch.arange(LEARN + HELD_OUT) % categories
    pieces = [
        to_uint8(
            model.generate(
                model.latents.with_value(model.sample_latents(len(part)), model.latents.code_dims([code])[0], part)
            )
        )
        for part in torch.split(category, 500)
    ]
    images = compressed(shifted(torch.cat(pieces)))
    fresh = train_classifier(images[:LEARN], category[:LEARN], categories, Q_EPOCHS, model.device, augment=False)
    answers = logits(fresh, to_float(images[LEARN:]), model.device)
    nats = F.cross_entropy(answers, category[LEARN:], reduction="none").double()
    entropy = math.log(categories)
    return {
        "entropy": entropy,
        "recovered": entropy - nats.mean().item(),
        "standard_error": nats.std().item() / math.sqrt(HELD_OUT),
        "fresh_q_accuracy": (answers.argmax(1) == category[LEARN:]).double().mean().item(),
        "learnt_from": LEARN,
        "measured_on": HELD_OUT,
    }


def categorical(model: Model) -> tuple[str, int]:
    """The first categorical code as it is turned, and how many categories it has."""
    for code_dim in model.latents.code_dims(model.codes):
        cardinality = model.latents[code_dim.name].cardinality
        if cardinality is not None:
            return str(code_dim), cardinality
    raise GanRunError("the model reads no categorical code")


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
    """A classifier of uint8 images (N, C, H, W), its learning rate falling to nought."""
    classifier = network(images.shape[1], classes).to(device)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=2e-3)
    batches = [batch for _ in range(epochs) for batch in torch.split(torch.randperm(len(images)), BATCH)]
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 - step / len(batches))
        seen = shifted(images[batch]) if augment else images[batch]
        loss = F.cross_entropy(classifier(to_float(seen).to(device)), labels[batch].to(device))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward untyped
        optimizer.step()
    return classifier.eval()


@torch.no_grad()
def logits(classifier: nn.Module, images: Tensor, device: torch.device) -> Tensor:
    """What a classifier says of float images, (N, classes) on the CPU."""
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
    """uint8 images (N, C, H, W) as they come back from JPEG."""
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
    """mu11 / mu02 of each figure, (N,): by how many columns it moves per row down."""
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


def correlation(code: Tensor, measure: Tensor, category: Tensor) -> Found:
    """|rho| overall and averaged over categories; and the average with signs, which agree where the code means one
    thing throughout."""
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


# The command line

PARTS = ("share", "shape", "watermark")


def examine(run: Path, parts: tuple[str, ...]) -> Found:
    """All `parts` of one run; a part that the run has nothing for says why."""
    model = gan_run.load(run)
    source = gan_run.read_spec(run / "spec.json").data
    found: Found = {"run": str(run)}
    for part in parts:
        try:
            if part == "share":
                found[part] = class_share(model, Splits(source), source.describe().class_names)
            elif part == "shape":
                found[part] = shape_correlations(model)
            else:
                found[part] = without_watermark(model)
        except GanRunError as error:
            found[part] = {"skipped": str(error)}
    return found


def show(value: object, indent: int = 0) -> None:
    """Nested findings, a name and a number a line."""
    assert isinstance(value, Mapping)
    for name, item in value.items():
        if isinstance(item, Mapping) and any(isinstance(inner, Mapping) for inner in item.values()):
            print(f"{'  ' * indent}{name}")
            show(item, indent + 1)
        elif isinstance(item, Mapping):
            print(f"{'  ' * indent}{name}: " + "  ".join(f"{key} {text(inner)}" for key, inner in item.items()))
        else:
            print(f"{'  ' * indent}{name}: {text(item)}")


def text(value: object) -> str:
    """A finding as it is printed."""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def parts_of(argument: str) -> tuple[str, ...]:
    """The value of --parts."""
    parts = tuple(argument.split(","))
    if not set(parts) <= set(PARTS):
        raise argparse.ArgumentTypeError(f"parts are {', '.join(PARTS)}")
    return parts


def main() -> int:
    """Examine every run that is named."""
    parser = argparse.ArgumentParser(description="What a run's codes mean; see benchmarks/README.md.")
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path)
    parser.add_argument("--parts", type=parts_of, default=PARTS, help=f"comma-separated, of {','.join(PARTS)}")
    parser.add_argument("--json", action="store_true", help="one list with an object per run")
    options = parser.parse_args()
    found = []
    for run in options.runs:
        try:
            found.append(examine(run, options.parts))
        except GanRunError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        if not options.json:
            show(found[-1])
    if options.json:
        print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
