"""What the scores see of a dataset, and the metrics as a run measures them."""

import json

import numpy as np
import pytest
import torch

from gan_run import Column, DataError, DataInfo, GanRunError, ImageSet, ImageShape, Model
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.metrics.disentanglement.gaps import MIG
from gan_run.plugins.metrics.disentanglement.representation import represent
from gan_run.testing import FakeSplits, fake_model

COLUMNS = {
    "label": Column("categorical", ("a", "b", "c")),
    "number": Column("continuous"),
    "same": Column("continuous"),
    "vector": Column("continuous", shape=(2,)),
}


def model() -> Model:
    """Q reads the first pixel as c[0] and the second as c[1], and the category off them."""
    latents = {"c": Uniform(count=2), "category": Categorical(classes=2)}
    reads = {"c": lambda pixels: pixels, "category": lambda pixels: pixels}
    return fake_model(latents, lambda embedded: embedded[:, None, None, :2], reads)


def data(count: int = 300) -> FakeSplits:
    """The first pixel says the class, and the second the number."""
    label, number = torch.arange(count) % 3, torch.arange(count) // 3 % 5
    pixels = torch.stack([label * 100, number * 50], dim=1).to(torch.uint8).view(count, 1, 1, 2)
    columns = {
        "label": label,
        "number": torch.where(torch.arange(count) == 4, torch.nan, number.double()),
        "same": torch.ones(count).double(),
        "vector": torch.zeros(count, 2).double(),
    }
    test = ImageSet(pixels, columns)
    return FakeSplits(DataInfo(ImageShape(1, 1, 2), {"train": 0, "test": count}, COLUMNS), train=test, test=test)


def test_codes_stand_beside_the_factors_that_vary_of_images_whose_factors_are_known() -> None:
    found = represent(model(), data(), "test", 1000, None, None)
    assert found.code_names == ("c[0]", "c[1]", "category")
    assert found.factor_names == ("label", "number")
    assert found.codes.shape == (299, 3)
    for code, factor in enumerate((100, 50)):
        assert found.codes[:, code] == pytest.approx(found.factors[:, factor // 50 % 2] * factor / 127.5 - 1, abs=1e-6)
    assert not (found.factors[1:] == found.factors[:-1]).all()  # in random order


def test_some_codes_factors_and_images_can_be_chosen() -> None:
    found = represent(model(), data(), "test", 40, ("c[1]", "category"), ("number", "label"))
    assert found.code_names == ("c[1]", "category")
    assert found.factor_names == ("number", "label")
    assert len(found.codes) == 40
    with pytest.raises(DataError, match=r"factors: the data has no factor 'numbr'; did you mean 'number'"):
        represent(model(), data(), "test", 40, None, ("numbr",))


def test_a_code_that_no_loss_reads_off_images_is_refused() -> None:
    latents = {"c": Uniform(count=2), "noise": Uniform()}
    unread = fake_model(latents, lambda embedded: embedded[:, None, None, :2], {"c": lambda pixels: pixels})
    with pytest.raises(GanRunError, match="no loss reads 'noise' off images"):
        represent(unread, data(), "test", 40, ("c[0]", "noise"), None)


def test_a_number_of_many_values_has_intervals_of_equal_frequency() -> None:
    whole = data(2000)
    values = torch.arange(2000).double().square()
    whole["test"].columns["number"].copy_(values)
    found = represent(model(), whole, "test", 2000, None, ("number", "label"))
    assert np.bincount(found.factors[:, 0]).tolist() == [100] * 20
    few = represent(model(), whole, "test", 50, None, ("number", "label"))
    assert len(np.unique(few.factors[:, 0])) == 5


def test_a_result_is_json_with_standard_errors_of_repetitions() -> None:
    torch.manual_seed(0)
    found = MIG(repeats=3, images=100, codes=("c[0]", "c[1]")).measure(model(), data())
    json.dumps(found, allow_nan=False)
    assert found["codes"] == ["c[0]", "c[1]"]
    assert found["factors"] == {"label": 3, "number": 5}
    assert found["measured_on"] == {"split": "test", "images": 100}
    assert found["score"] == pytest.approx(1, abs=0.15)  # less what a hundred images seem to tell
    errors = found["standard_errors"]
    assert isinstance(errors, dict)
    assert 0 < errors["score"] < 0.1
    assert "standard_errors" not in MIG().measure(model(), data())
