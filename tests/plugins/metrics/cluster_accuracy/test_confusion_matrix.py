"""The artifact `confusion-matrix`: what it draws and writes."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gan_run import Column, DataInfo, ImageSet, ImageShape, Model, Spec, SpecError, read_spec
from gan_run.core.kinds.code_names import CodeName, CodeNames
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.metrics.cluster_accuracy.confusion_matrix import ConfusionMatrix
from gan_run.testing import FakeSplits, fake_model

CLASSES = ("cat", "dog", "owl")
COUNTS = {(0, 1): 8, (0, 0): 2, (1, 0): 5, (3, 2): 6, (3, 1): 2}
"""How many images Q says to be of a category, and are of a class. Nobody is in category 2."""


def model(names: CodeNames | None = None) -> Model:
    """A model whose Q calls an image's brightest pixel its category."""
    made = fake_model(
        {"category": Categorical(classes=4)}, lambda embedded: embedded[:, None, None], {"category": nn.Identity()}
    )
    if names is not None:
        made.code_names = names
    return made


def data(names: tuple[str, ...] | None = CLASSES) -> FakeSplits:
    said, labels = (torch.tensor([pair[k] for pair, n in COUNTS.items() for _ in range(n)]) for k in range(2))
    pixels = torch.nn.functional.one_hot(said, 4).to(torch.uint8) * 255
    images = ImageSet(pixels.view(-1, 1, 1, 4), {"label": labels})
    info = DataInfo(ImageShape(1, 1, 4), {}, {"label": Column("categorical", names)})
    return FakeSplits(info, train=images.select(slice(0, 1)), test=images)


def written(folder: Path) -> dict[str, object]:
    (picture, numbers) = ConfusionMatrix(code="category").render(model(), data(), folder / "step-00000010")
    assert (picture.name, numbers.name) == ("step-00000010.png", "step-00000010.json")
    found: dict[str, object] = json.loads(numbers.read_text())
    return found


def test_its_numbers_are_the_images_by_category_and_class(tmp_path: Path) -> None:
    # Category 1 is matched to cat, 0 to dog, 3 to owl, and 2 to none: in this order.
    assert written(tmp_path) == {
        "code": "category",
        "split": "test",
        "categories": ["category 1", "category 0", "category 3", "category 2"],
        "classes": ["cat", "dog", "owl"],
        "counts": [[5, 0, 0], [2, 8, 0], [0, 2, 6], [0, 0, 0]],
        "shares": [[1, 0, 0], [0.2, 0.8, 0], [0, 0.25, 0.75], [0, 0, 0]],
    }


def test_its_picture_is_dark_where_a_class_has_most_of_a_category(tmp_path: Path) -> None:
    written(tmp_path)
    pixels = np.asarray(Image.open(tmp_path / "step-00000010.png").convert("L")).astype(float)
    cell, margin = 70, 20  # pixels; the names are at the left and below
    left = pixels.shape[1] - margin - 3 * cell
    corners = [[pixels[margin + row * cell + 8, left + column * cell + 8] for column in range(3)] for row in range(4)]
    assert (np.array(corners) < 150).tolist() == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
        [False, False, False],
    ]


def test_categories_and_classes_have_their_names(tmp_path: Path) -> None:
    names = CodeNames(codes={"category": CodeName(values={0: "barking", 3: "hooting"})})
    _, numbers = ConfusionMatrix(code="category").render(model(names), data(names=None), tmp_path / "step")
    found = json.loads(numbers.read_text())
    assert found["categories"] == ["category 1", "category 0 (barking)", "category 3 (hooting)", "category 2"]
    assert found["classes"] == ["0", "1", "2"]


def test_another_split(tmp_path: Path) -> None:
    _, numbers = ConfusionMatrix(code="category", split="train").render(model(), data(), tmp_path / "step")
    assert np.sum(json.loads(numbers.read_text())["counts"]) == 1


def test_the_same_counts_are_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        written(tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def spec(code: str) -> Spec:
    return read_spec(
        {
            "name": "toy",
            "data": {"type": "mnist-5k"},
            "latents": {"pair": {"type": "categorical", "classes": 2, "count": 2}, "c": {"type": "uniform"}},
            "generator": {"type": "mlp"},
            "discriminator": {"trunk": {"type": "mlp"}, "head": {"type": "linear"}},
            "losses": [{"type": "non-saturating"}],
            "optimizers": {player: {"type": "adam", "lr": 1e-3} for player in ("generator", "discriminator")},
            "train": {"steps": 1},
            "artifacts": [{"type": "confusion-matrix", "code": code}],
        }
    )


def test_a_code_that_is_no_clustering_is_refused_before_training() -> None:
    with pytest.raises(SpecError, match=r"artifacts\[0\]\.code: 'pair' has 2 copies: name one, pair\[0\]"):
        spec("pair")
    labelled = DataInfo(ImageShape(1, 28, 28), {"train": 9, "test": 9}, {"label": Column("categorical", CLASSES)})
    assert spec("pair[1]").data_problems(labelled) == []
    (problem,) = spec("c").data_problems(labelled)
    assert str(problem) == "artifacts[0].code: 'c' is not categorical"
