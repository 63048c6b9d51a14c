"""Substitutes, in the original formats, for data that is not at hand or must not be redistributed.

    python benchmarks/standins.py FOLDER --mnist MNIST --faces FACES.npz

FOLDER/svhn    train_32x32.mat and test_32x32.mat: MNIST's digits in colour, with parts of two neighbours: 20,000 and
               2,600 pictures
FOLDER/celeba  img_align_celeba/*.jpg of 178x218 with partition and attributes: the rendered heads of FACES.npz, tinted;
               8,000 to train on, 1,000 to validate, 1,000 to test

They show that the specs of SVHN and CelebA run from such files to pictures, and nothing about those data sets.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from gan_run import Splits, read_spec

DIGITS = {"train": 20_000, "test": 2_600}
HEADS = {"0": 8_000, "1": 1_000, "2": 1_000}
"""By the number of the partition: train, validation, test."""
WIDTH, HEIGHT = 178, 218
Pixels = NDArray[np.uint8]


def coloured_digits(digits: Pixels, count: int, generator: np.random.Generator) -> tuple[Pixels, NDArray[np.int64]]:
    """`count` pictures (32, 32, 3, M), and which of `digits` (28x28) is in the middle of each."""
    middle, left, right = generator.integers(len(digits), size=(3, count))
    strip = np.zeros((count, 32, 76), dtype=np.float64)
    for start, chosen in ((24, middle), (2, left), (46, right)):
        strip[:, 2:30, start : start + 28] = np.maximum(strip[:, 2:30, start : start + 28], digits[chosen] / 255)
    ink = strip[:, :, 22:54, None]
    paper, pen = generator.uniform(0, 255, size=(2, count, 1, 1, 3))
    slope = np.linspace(-1, 1, 32)[None, None, :, None] * generator.uniform(-40, 40, size=(count, 1, 1, 1))
    pictures = (paper * (1 - ink) + pen * ink + slope).clip(0, 255).round().astype(np.uint8)
    return pictures.transpose(1, 2, 3, 0), middle


def write_svhn(folder: Path, mnist: Path) -> None:
    """Two .mat files as SVHN's cropped digits have them, in which the digit 0 is labelled 10."""
    folder.mkdir(parents=True)
    recipe = Path(__file__).parent.parent / "examples" / "infogan-mnist.json"
    digits = Splits(read_spec(recipe, overrides=[f"data.root={json.dumps(str(mnist.absolute()))}"]).data)
    for part, count in DIGITS.items():
        real = digits["train" if part == "train" else "test"]
        pictures, middle = coloured_digits(real.images[:, 0].numpy(), count, np.random.default_rng(count))
        assert real.labels is not None
        labels = real.labels.numpy()[middle].astype(np.uint8)
        savemat(folder / f"{part}_32x32.mat", {"X": pictures, "y": np.where(labels == 0, 10, labels)[:, None]})


def write_celeba(folder: Path, faces: Path) -> None:
    """Pictures, partition and attributes as CelebA's are laid out."""
    (folder / "img_align_celeba").mkdir(parents=True)
    with np.load(faces) as arrays:
        heads, factors, names = arrays["images"], arrays["factors"], [str(name) for name in arrays["factor_names"]]
    partition = [number for number, count in HEADS.items() for _ in range(count)]
    files = [f"{row + 1:06d}.jpg" for row in range(len(partition))]
    tints = np.random.default_rng(0).uniform(0.6, 1, size=(len(files), 3))
    for name, head, tint in zip(files, heads, tints, strict=False):
        square = Image.fromarray((head[..., None] * tint).astype(np.uint8)).resize(
            (WIDTH, WIDTH), Image.Resampling.BICUBIC
        )
        picture = Image.new("RGB", (WIDTH, HEIGHT))
        picture.paste(square, (0, (HEIGHT - WIDTH) // 2))
        picture.save(folder / "img_align_celeba" / name, quality=95)
    above = factors[: len(files)] > np.median(factors, axis=0)
    rows = [f"{name} {' '.join('1' if high else '-1' for high in row)}" for name, row in zip(files, above, strict=True)]
    attributes = "\n".join([str(len(files)), " ".join(names), *rows])
    (folder / "list_attr_celeba.txt").write_text(attributes + "\n", encoding="ascii")
    pairs = "".join(f"{name} {number}\n" for name, number in zip(files, partition, strict=True))
    (folder / "list_eval_partition.txt").write_text(pairs, encoding="ascii")


def main() -> None:
    """Write both."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mnist", type=Path, required=True, help="the folder that MNIST's files are in, or go to")
    parser.add_argument(
        "--faces", type=Path, required=True, help="an .npz file of heads: images, factors, factor_names"
    )
    arguments = parser.parse_args()
    write_svhn(arguments.folder / "svhn", arguments.mnist)
    write_celeba(arguments.folder / "celeba", arguments.faces)


if __name__ == "__main__":
    main()
