"""What the codes of a run on photographed faces came to mean: each quality, and the code that follows it best.

    python benchmarks/face_codes.py RUN... --column emotion --classes happiness neutral [--json]
    python benchmarks/face_codes.py --heads faces-32.npz

Qualities are the two classes of a column, by the area under the ROC curve (AUC), and the proxies of `face_measures.py`,
by Spearman's |rho|. The code of a quality is chosen on the training images and measured on the test images. A category
follows a quality by the mean of it on the category's training images. `--heads` says how well the proxies follow the
known azimuth and light of rendered heads.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

from gan_run import ImageSet, Model, Splits, load_plugins
from gan_run.benchmarks.face_measures import PROXIES
from gan_run.benchmarks.image_measures import rho
from gan_run.loading import load_run

Numbers = NDArray[np.float64]


class Reading(NamedTuple):
    """The codes of the images of one split, and their qualities; NaN where a quality is not known."""

    codes: Mapping[str, Numbers]
    categories: frozenset[str]
    qualities: Mapping[str, Numbers]
    classes: str | None


class Followed(NamedTuple):
    """The code that follows a quality, chosen on the training images."""

    quality: str
    measure: str
    code: str
    train: float
    test: float


def follow(train: Reading, test: Reading) -> Iterator[Followed]:
    """For each quality its code, and how well the code follows it on both splits."""
    for quality in train.qualities:
        measure = auc if quality == train.classes else abs_rho
        scores = {code: measure(*_as_numbers(train, train, code, quality)) for code in train.codes}
        code = max(scores, key=scores.__getitem__)
        held_out = measure(*_as_numbers(train, test, code, quality))
        yield Followed(quality, "AUC" if measure is auc else "|rho|", code, scores[code], held_out)


def _as_numbers(train: Reading, measured: Reading, code: str, quality: str) -> tuple[Numbers, Numbers]:
    """The values of a code and of a quality where it is known; of a category, its training images' mean quality."""
    known = ~np.isnan(measured.qualities[quality])
    values, wanted = measured.codes[code][known], measured.qualities[quality][known]
    if code in train.categories:
        at = ~np.isnan(train.qualities[quality])
        categories, known_quality = train.codes[code][at], train.qualities[quality][at]
        mean = {each: known_quality[categories == each].mean() for each in np.unique(categories)}
        values = np.array([mean.get(each, known_quality.mean()) for each in values])
    return values, wanted


def auc(values: Numbers, wanted: Numbers) -> float:
    """The area under the ROC curve of values for wanted (0 or 1), in either direction: in [0.5, 1]."""
    positives = int(wanted.sum())
    negatives = len(wanted) - positives
    ranks: Numbers = np.asarray(rankdata(values))
    area = (ranks[wanted == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives)
    return float(max(area, 1 - area))


def abs_rho(values: Numbers, wanted: Numbers) -> float:
    """Spearman's |rho|; 0 if the values are all the same."""
    return abs(rho(torch.from_numpy(values), torch.from_numpy(wanted)))


def read(model: Model, images: ImageSet, column: str | None, classes: tuple[int, int] | None) -> Reading:
    """Encode images, and measure them."""
    encoded = model.encode_set(images)
    dims = model.code_dims()
    codes = {str(dim): model.latents.value_of(encoded, dim).double().numpy() for dim in dims}
    categories = frozenset(str(dim) for dim in dims if model.latents[dim.name].cardinality is not None)
    pictures = images.batch(torch.arange(images.count)).images
    qualities = {name: proxy(pictures).double().numpy() for name, proxy in PROXIES.items()}
    if column is not None and classes is not None:
        qualities = {column: _two_classes(images.columns[column], classes), **qualities}
    return Reading(codes, categories, qualities, column)


def _two_classes(values: Tensor, classes: tuple[int, int]) -> Numbers:
    """1 for the first class, 0 for the second, NaN for the others."""
    found = np.full(len(values), np.nan)
    for number, wanted in zip(classes, (1.0, 0.0), strict=True):
        found[values.numpy() == number] = wanted
    return found


def codes_of_run(run: Path, column: str | None, names: tuple[str, str]) -> list[Followed]:
    """The table of a run."""
    loaded = load_run(run, load_plugins())
    data = Splits(loaded.spec.data)
    classes = None
    if column is not None:
        known = data.info.columns[column].names or ()
        classes = known.index(names[0]), known.index(names[1])
    train, test = (read(loaded.model, data[split], column, classes) for split in ("train", "test"))
    return list(follow(train, test))


def show_proxies(path: Path) -> None:
    """How well the proxies follow the factors of rendered heads."""
    heads = np.load(path)
    pictures = torch.from_numpy(heads["images"][:, None])
    for name, proxy in PROXIES.items():
        values = proxy(pictures).double().numpy()
        found = [abs_rho(heads["factors"][:, index], values) for index in range(heads["factors"].shape[1])]
        print(
            f"{name:<20}",
            *(f"{factor} {value:.2f}" for factor, value in zip(heads["factor_names"], found, strict=True)),
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--column", help="a column of the data, of which two classes are told apart")
    parser.add_argument("--classes", nargs=2, metavar="CLASS")
    parser.add_argument("--heads", type=Path, help="an .npz file of rendered heads with their factors")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if (arguments.column is None) != (arguments.classes is None):
        parser.error("--column and --classes go together")
    if arguments.heads is not None:
        show_proxies(arguments.heads)
    tables = {str(run): codes_of_run(run, arguments.column, arguments.classes) for run in arguments.runs}
    if arguments.json:
        print(json.dumps({run: [row._asdict() for row in rows] for run, rows in tables.items()}))
        return
    for run, rows in tables.items():
        print(run)
        for row in rows:
            scores = f"{row.measure} {row.train:.3f} on training images, {row.test:.3f} on test images"
            print(f"  {row.quality:<20} {row.code:<12} {scores}")


if __name__ == "__main__":
    main()
