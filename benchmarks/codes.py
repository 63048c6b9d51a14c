"""What a run's codes mean: by the run's Q on real images (`use`), and without it on samples (the other parts).

    python benchmarks/codes.py RUN [RUN ...] [--parts use,share,shape,watermark] [--json]

use        The category of up to 10,000 training images, by the run's Q: the entropy of the shares, and the greatest. A
           code that G shows but that puts all real images into one category is of no use to sort them.
share      A classifier trained on the run's own labelled images names 500 samples of each category. Per category: the
           most frequent class and its share. Distinct top classes show how many classes the code tells apart.
shape      Slant and stroke width of 2,000 samples, and the rank correlation of each continuous code with either, within
           each category and overall: does a code change something that a person would name?
watermark  A fresh Q learns the category from 20,000 samples that were shifted by up to a pixel and JPEG-compressed, and
           reads 5,000 others. What G hides in single pixels, for its own Q alone, does not survive that; the nats that
           survive are visible (Chu et al. 2017, arXiv 1712.02950, on such steganography).

Only the public API is used. The same run gives the same numbers on the same machine.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from torch.nn import functional as F

import gan_run
from gan_run import DataSource, GanRunError, Model, Splits, to_float, to_uint8
from gan_run.benchmarks.image_measures import (
    accuracy,
    compressed,
    correlation,
    ink_of,
    logits,
    shifted,
    slant,
    stroke_width,
    train_classifier,
)

ENCODED = 10_000
PER_CATEGORY = 500
SHAPES = 2000
LEARN, HELD_OUT = 20_000, 5_000
CLASSIFIER_IMAGES = 120_000
"""How many (augmented) images a classifier of real images is shown, whatever the size of the data set."""
Q_EPOCHS = 4

Found = dict[str, object]


# The four parts


def category_use(model: Model, source: DataSource) -> Found:
    """How evenly real images spread over the categories."""
    code, categories = categorical(model)
    images = Splits(source)["train"]
    rows = torch.linspace(0, images.count - 1, min(ENCODED, images.count)).long()
    values = model.encode_set(images.select(rows))[code]
    shares = values.bincount(minlength=categories).double() / len(rows)
    entropy = torch.special.entr(shares).sum().item()
    return {"images": len(rows), "entropy": entropy, "of": math.log(categories), "greatest_share": shares.max().item()}


def class_share(model: Model, source: DataSource) -> Found:
    """The class of each category's samples, by a classifier of real images."""
    code, categories = categorical(model)
    data, names = Splits(source), source.describe().class_names
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
    """Spearman's rho of each continuous code with the slant and the stroke width of the samples."""
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
    """The name of the first categorical code dimension, and its number of categories."""
    for code_dim in model.latents.code_dims(model.codes):
        cardinality = model.latents[code_dim.name].cardinality
        if cardinality is not None:
            return str(code_dim), cardinality
    raise GanRunError("the model reads no categorical code")


# The command line

PARTS: Mapping[str, Callable[[Model, DataSource], Found]] = {
    "use": category_use,
    "share": class_share,
    "shape": lambda model, _: shape_correlations(model),
    "watermark": lambda model, _: without_watermark(model),
}


def examine(run: Path, parts: Iterable[str]) -> Found:
    """All `parts` of one run; a part that the run has nothing for says why."""
    model = gan_run.load(run)
    source = gan_run.read_spec(run / "spec.json").data
    found: Found = {"run": str(run)}
    for part in parts:
        try:
            found[part] = PARTS[part](model, source)
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
    if not set(parts) <= PARTS.keys():
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
