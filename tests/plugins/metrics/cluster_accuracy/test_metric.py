import json
import math
from typing import get_args

import pytest
import torch
from torch import nn

from gan_run import (
    BatchNorm1d,
    Column,
    DataError,
    DataInfo,
    GanRunError,
    ImageSet,
    ImageShape,
    Model,
    Spec,
    SpecError,
    Split,
    read_spec,
)
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.metrics.cluster_accuracy.metric import ClusterAccuracy
from gan_run.testing import FakeSplits, fake_model


def splits(train: ImageSet, test: ImageSet) -> FakeSplits:
    return FakeSplits(DataInfo(ImageShape(*train.images.shape[1:]), {}), train=train, test=test)


def model(categories: int, codes: tuple[str, ...] = ("category",), count: int = 1, normalised: bool = False) -> Model:
    """A model whose Q calls an image's brightest pixel its category."""
    latents = {"category": Categorical(classes=categories, count=count), "c": Uniform()}
    read = BatchNorm1d(categories) if normalised else nn.Identity()
    return fake_model(latents, lambda embedded: embedded[:, None, None, :categories], dict.fromkeys(codes, read))


def seen_as(categories: int, pairs: dict[tuple[int, int], int], mirrored: bool = False) -> ImageSet:
    """Images by (category that Q will say, class that they are) and how many there are of each."""
    category = torch.tensor([said for (said, _), n in pairs.items() for _ in range(n)])
    labels = torch.tensor([label for (_, label), n in pairs.items() for _ in range(n)])
    pixels = torch.nn.functional.one_hot(category, categories).to(torch.uint8) * 255
    return ImageSet(pixels.view(-1, 1, 1, categories), {"label": labels}, mirrored)


def test_permuted_labels_are_matched() -> None:
    data = splits(
        train=seen_as(3, {(0, 2): 5, (1, 0): 5, (2, 1): 5}),
        test=seen_as(3, {(0, 2): 3, (1, 0): 4, (2, 1): 2}),
    )
    found = ClusterAccuracy(code="category").measure(model(3), data)
    assert found == {
        "accuracy": 1.0,
        "majority_vote": 1.0,
        "purity": 1.0,
        "nmi": pytest.approx(1),
        "ari": pytest.approx(1),
        "matching": [2, 0, 1],
        "fitted_on": {"split": "train", "images": 15},
        "scored_on": {"split": "test", "images": 9},
        "statistics": "running",
    }
    json.dumps(found, allow_nan=False)


def test_the_matching_is_frozen() -> None:
    # On the test images alone the other matching would be perfect.
    data = splits(
        train=seen_as(2, {(0, 0): 6, (1, 1): 6}),
        test=seen_as(2, {(0, 1): 4, (1, 0): 4, (0, 0): 2}),
    )
    found = ClusterAccuracy(code="category").measure(model(2), data)
    assert found["matching"] == [0, 1]
    assert found["accuracy"] == pytest.approx(0.2)
    assert found["majority_vote"] == pytest.approx(0.2)
    both = ClusterAccuracy(code="category", fit="test", score="test").measure(model(2), data)
    assert both["matching"] == [1, 0]
    assert both["accuracy"] == pytest.approx(0.8)


def test_the_matching_agrees_best_as_a_whole() -> None:
    # Greedily, category 0 would take class 0 (10 images), and 10 + 0 agree; the best is 9 + 8.
    images = seen_as(2, {(0, 0): 10, (0, 1): 9, (1, 0): 8})
    found = ClusterAccuracy(code="category").measure(model(2), splits(train=images, test=images))
    assert found["matching"] == [1, 0]
    assert found["accuracy"] == pytest.approx(17 / 27)
    assert found["majority_vote"] == pytest.approx(18 / 27)  # both categories may take class 0


def test_two_classes_that_share_a_category() -> None:
    # Classes 0 and 1 share category 0, categories 1 and 2 share class 2: one-to-one costs twice, a vote only once.
    images = seen_as(3, {(0, 0): 6, (0, 1): 4, (1, 2): 7, (2, 2): 3})
    found = ClusterAccuracy(code="category").measure(model(3), splits(train=images, test=images))
    assert found["matching"] == [0, 2, 1]
    assert found["accuracy"] == pytest.approx(13 / 20)
    assert found["majority_vote"] == pytest.approx(16 / 20)

    def entropy(*counts: int) -> float:
        return -sum(n / 20 * math.log(n / 20) for n in counts)

    classes, categories, both = entropy(6, 4, 10), entropy(10, 7, 3), entropy(6, 4, 7, 3)
    assert found["nmi"] == pytest.approx((classes + categories - both) / ((classes + categories) / 2))
    # Pairs: 45 together in both (15 + 6 + 21 + 3), 66 = 15 + 6 + 45 by class, 69 = 45 + 21 + 3 by category, of 190.
    together, by_class, by_category = 45, 66, 69
    chance = by_class * by_category / 190
    assert found["ari"] == pytest.approx((together - chance) / ((by_class + by_category) / 2 - chance))


def test_purity_is_the_share_of_the_most_frequent_class_of_each_category() -> None:
    train = seen_as(3, {(0, 0): 3, (1, 1): 3, (2, 2): 3})
    # The most frequent classes are 5 of 7, 6 of 10 and 3 of 3 images; purity asks nothing of the training images.
    test = seen_as(3, {(0, 1): 5, (0, 0): 2, (1, 1): 4, (1, 2): 6, (2, 2): 3})
    found = ClusterAccuracy(code="category").measure(model(3), splits(train, test))
    assert found["purity"] == pytest.approx((5 + 6 + 3) / 20)
    assert found["accuracy"] == found["majority_vote"] == pytest.approx((2 + 4 + 3) / 20)


def test_categories_that_outnumber_classes() -> None:
    images = seen_as(4, {(0, 0): 5, (1, 1): 5, (2, 0): 2, (3, 1): 1})
    found = ClusterAccuracy(code="category").measure(model(4), splits(train=images, test=images))
    assert found["matching"] == [0, 1, None, None]
    assert found["accuracy"] == pytest.approx(10 / 13)
    assert found["majority_vote"] == 1.0


def test_classes_that_outnumber_categories() -> None:
    images = seen_as(2, {(0, 3): 5, (1, 1): 4, (1, 0): 2, (0, 2): 1})
    found = ClusterAccuracy(code="category").measure(model(2), splits(train=images, test=images))
    assert found["matching"] == [3, 1]
    assert found["accuracy"] == pytest.approx(9 / 12)


def test_a_category_that_no_image_was_in_gets_no_vote() -> None:
    data = splits(train=seen_as(3, {(0, 0): 3, (1, 1): 3}), test=seen_as(3, {(2, 0): 1, (0, 0): 3}))
    found = ClusterAccuracy(code="category").measure(model(3), data)
    assert found["majority_vote"] == pytest.approx(3 / 4)


def test_mirrored_copies_are_left_out() -> None:
    # Flipped, an image of category 0 would be one of category 1.
    train = seen_as(2, {(0, 0): 6, (1, 1): 4}, mirrored=True)
    found = ClusterAccuracy(code="category").measure(model(2), splits(train=train, test=seen_as(2, {(0, 0): 1})))
    assert found["accuracy"] == 1.0
    assert found["fitted_on"] == {"split": "train", "images": 10}


def test_more_images_than_a_chunk() -> None:
    data = splits(train=seen_as(2, {(0, 1): 700, (1, 0): 501}), test=seen_as(2, {(0, 1): 450, (1, 0): 551}))
    found = ClusterAccuracy(code="category").measure(model(2), data)
    assert found["accuracy"] == 1.0
    assert found["scored_on"] == {"split": "test", "images": 1001}


def test_batch_statistics_are_those_of_the_images() -> None:
    # Pixel 0 is always brighter, so that only its deviation from the images' own mean tells the categories apart.
    pixels = torch.tensor([[255, 40], [200, 60]], dtype=torch.uint8).repeat(20, 1).view(40, 1, 1, 2)
    images = ImageSet(pixels, {"label": torch.tensor([0, 1]).repeat(20)})
    data, normalised = splits(train=images, test=images), model(2, normalised=True)
    assert ClusterAccuracy(code="category").measure(normalised, data)["accuracy"] == 0.5
    found = ClusterAccuracy(code="category", statistics="batch").measure(normalised, data)
    assert found["accuracy"] == 1.0
    assert found["statistics"] == "batch"


def test_one_copy_of_a_repeated_code_is_measured_alone() -> None:
    # The image's first two pixels are the logits of the first copy, the others those of the second.
    images = seen_as(4, {(0, 0): 3, (1, 1): 3, (2, 0): 2})
    latents = {"category": Categorical(classes=2, count=2)}
    two = fake_model(latents, lambda embedded: embedded[:, None, None], {"category": nn.Identity()})
    found = {
        code: ClusterAccuracy(code=code).measure(two, splits(train=images, test=images))
        for code in ("category[0]", "category[1]")
    }
    # In the third kind of image the first copy has equal logits, and calls it 0; the second copy calls it 0 too.
    assert found["category[0]"]["accuracy"] == 1.0
    assert found["category[1]"]["accuracy"] == pytest.approx(5 / 8)


def test_what_cannot_be_measured_is_refused() -> None:
    images = seen_as(2, {(0, 0): 2, (1, 1): 2})
    data = splits(train=images, test=images)
    with pytest.raises(GanRunError, match="'c' is not categorical"):
        ClusterAccuracy(code="c").measure(model(2), data)
    with pytest.raises(GanRunError, match="mutual-information"):
        ClusterAccuracy(code="category").measure(model(2, codes=()), data)
    with pytest.raises(GanRunError, match=r"'category' has 2 copies: name one, category\[0\]"):
        ClusterAccuracy(code="category").measure(model(2, count=2), data)
    unlabelled = ImageSet(images.images)
    with pytest.raises(DataError, match="no labels"):
        ClusterAccuracy(code="category").measure(model(2), splits(train=unlabelled, test=unlabelled))


def spec(**metric: object) -> Spec:
    return read_spec(
        {
            "name": "toy",
            "data": {"type": "mnist-5k"},
            "latents": {
                "category": {"type": "categorical", "classes": 10},
                "pair": {"type": "categorical", "classes": 2, "count": 2},
                "c": {"type": "uniform"},
            },
            "generator": {"type": "mlp"},
            "discriminator": {"trunk": {"type": "mlp"}, "head": {"type": "linear"}},
            "losses": [{"type": "non-saturating"}],
            "optimizers": {player: {"type": "adam", "lr": 1e-3} for player in ("generator", "discriminator")},
            "train": {"steps": 1},
            "metrics": [{"type": "cluster-accuracy", **metric}],
        }
    )


def test_check_finds_what_the_spec_shows() -> None:
    assert spec(code="category").problems() == []
    with pytest.raises(SpecError) as caught:
        spec(code="categroy")
    there_is = "c, category, pair, pair[0], pair[1]"
    assert [str(problem) for problem in caught.value.problems] == [
        f"metrics[0].code: no latent is called 'categroy'; did you mean 'category'? (there is: {there_is})"
    ]
    with pytest.raises(SpecError) as caught:
        spec(code="pair")
    assert [str(problem) for problem in caught.value.problems] == [
        "metrics[0].code: 'pair' has 2 copies: name one, pair[0]"
    ]
    assert spec(code="pair[1]").problems() == []


def test_check_data_finds_what_the_data_shows() -> None:
    shape, names = ImageShape(1, 28, 28), ("a", "b")
    labelled = DataInfo(shape, {"train": 10, "test": 10}, {"label": Column("categorical", names)})
    assert spec(code="category").data_problems(labelled) == []
    assert spec(code="pair[1]").data_problems(labelled) == []
    assert [p.place for p in spec(code="c").data_problems(labelled)] == [("metrics", 0, "code")]
    assert [p.place for p in spec(code="category").data_problems(DataInfo(shape, {"train": 10, "test": 10}))] == [
        ("metrics", 0, "type")
    ]
    assert [
        p.place
        for p in spec(code="category").data_problems(
            DataInfo(shape, {"train": 10, "test": 0}, {"label": Column("categorical", names)})
        )
    ] == [("metrics", 0, "score")]
    (problem,) = spec(code="category", fit="validation").data_problems(labelled)
    assert str(problem) == "metrics[0].fit: the validation split is empty: set data.validation"
    assert set(get_args(Split)) == {"train", "validation", "test"}
