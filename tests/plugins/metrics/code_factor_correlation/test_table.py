import json
import math
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from gan_run import (
    Column,
    DataError,
    DataInfo,
    ImageSet,
    ImageShape,
    Latent,
    Model,
    SpecError,
    SpecView,
    read_spec,
    to_uint8,
)
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.circular import Circular
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.metrics.code_factor_correlation.heat_map import CodeFactorHeatMap
from gan_run.plugins.metrics.code_factor_correlation.metric import CodeFactorCorrelation
from gan_run.testing import FakeSplits, fake_model

CODES: dict[str, Latent] = {"c": Uniform(count=2), "turn": Circular(), "kind": Categorical(classes=3)}
SHAPE = ImageShape(1, 1, 7)
"""One pixel for each number that Q gives: two of c, two of turn, three of kind."""


def splits(columns: dict[str, Column], **images: ImageSet) -> FakeSplits:
    return FakeSplits(DataInfo(SHAPE, {"train": 1}, columns), **images)


def model(codes: tuple[str, ...] = tuple(CODES)) -> Model:
    """A model whose Q says what the pixels are."""
    stretches = {"c": slice(0, 2), "turn": slice(2, 4), "kind": slice(4, 7)}
    reads = {code: partial(read, where=stretches[code]) for code in codes}
    return fake_model(CODES, lambda embedded: embedded[:, None, None, :], reads)


def read(pixels: Tensor, where: slice) -> Tensor:
    return pixels[:, where]


def known(n: int = 600, seed: int = 0) -> FakeSplits:
    """Images whose pixels say what their factors are: c[0] the light backwards, turn the azimuth and 40 degrees more,
    kind the model; c[1] is noise."""
    draw = np.random.default_rng(seed)
    light, azimuth, kind = draw.uniform(-1, 1, n), draw.uniform(0, 360, n), draw.integers(0, 3, n)
    around = np.radians(azimuth + 40)
    numbers = np.stack([-light, draw.uniform(-1, 1, n), np.cos(around), np.sin(around), *np.eye(3)[kind].T], 1)
    images = torch.from_numpy(np.round((numbers + 1) * 127.5).astype(np.uint8)).view(n, 1, 1, 7)
    columns = {"light": Column("continuous"), "azimuth": Column("angle"), "model": Column("categorical")}
    arrays = {"light": light, "azimuth": azimuth, "model": kind}
    test = ImageSet(images, {name: torch.from_numpy(array) for name, array in arrays.items()})
    return splits(columns, test=test, train=test.select(torch.arange(50)))


def test_each_code_is_found_to_turn_what_it_turns() -> None:
    found = json.loads(json.dumps(CodeFactorCorrelation().measure(model(), known())))
    assert found["measured_on"] == {"split": "test", "images": 600}
    table = found["table"]
    assert list(table) == ["c[0]", "c[1]", "turn", "kind"]
    assert table["c[0]"]["light"] == {"strength": pytest.approx(1, abs=1e-3), "measure": "spearman"}
    assert table["turn"]["azimuth"] == {"strength": pytest.approx(1, abs=1e-3), "measure": "circular"}
    assert table["kind"]["model"] == {"strength": pytest.approx(1), "measure": "nmi"}
    assert table["c[0]"]["azimuth"]["measure"] == "circular-linear"
    for code, factor in (("c[1]", "light"), ("c[1]", "azimuth"), ("c[1]", "model"), ("c[0]", "model")):
        assert table[code][factor]["strength"] < 0.15
    assert {factor: best["code"] for factor, best in found["best"].items()} == {
        "light": "c[0]",
        "azimuth": "turn",
        "model": "kind",
    }


def test_the_split_that_is_named_is_read() -> None:
    assert CodeFactorCorrelation(split="train").measure(model(), known())["measured_on"] == {
        "split": "train",
        "images": 50,
    }


def test_a_code_is_chosen_on_one_split_and_measured_on_another() -> None:
    data = known()
    test = data["test"]
    # On the training images c[1] says the light, on the test images c[0].
    swapped = test.batch(torch.arange(50)).images[..., [1, 0, 2, 3, 4, 5, 6]]
    train = ImageSet(to_uint8(swapped), {name: values[:50] for name, values in test.columns.items()})
    splits_of_both = splits(dict(data.info.columns), test=test, train=train)

    found = json.loads(json.dumps(CodeFactorCorrelation(choose_on="train").measure(model(), splits_of_both)))

    assert found["best"]["light"] == {"code": "c[1]", **found["table"]["c[1]"]["light"]}
    assert found["best"]["light"]["strength"] < 0.15
    assert found["measured_on"] == {"split": "test", "images": 600}
    assert found["chosen_on"] == {"split": "train", "images": 50}


@pytest.mark.parametrize("field", ["split", "choose_on"])
def test_a_split_that_is_a_stream_is_refused(field: str) -> None:
    stream = DataInfo(SHAPE, {}, {"light": Column("continuous")})
    metric = CodeFactorCorrelation.model_validate({field: "test"})
    assert (field,) in {problem.place for problem in metric.check_data(cast(SpecView, None), stream)}


def test_a_model_without_codes_has_an_empty_table(tmp_path: Path) -> None:
    found = CodeFactorCorrelation().measure(model(codes=()), known())
    assert found["table"] == {}
    assert CodeFactorHeatMap().render(model(codes=()), known(), tmp_path / "step") == []


def test_data_without_factors_is_refused() -> None:
    bare = splits({}, test=ImageSet(torch.zeros(3, 1, 1, 7, dtype=torch.uint8)))
    with pytest.raises(DataError, match="the data has no columns but the class"):
        CodeFactorCorrelation().measure(model(), bare)


def test_the_heat_map_is_darkest_where_code_and_factor_are_one(tmp_path: Path) -> None:
    path, numbers = CodeFactorHeatMap().render(model(), known(), tmp_path / "step-00000010")
    content = json.loads(numbers.read_text(encoding="utf-8"))
    assert content.keys() == {"split", "codes", "factors", "strengths"}
    assert [len(row) for row in content["strengths"]] == [len(content["factors"])] * len(content["codes"])
    assert path == tmp_path / "step-00000010.png"
    pixels = np.asarray(Image.open(path).convert("L")).astype(float)
    cell, margin = 70, 20  # pixels; the names are at the left and below
    top, left = margin, pixels.shape[1] - margin - 3 * cell
    # Four corners of each cell, where no number is written.
    corners = np.array(
        [[pixels[top + row * cell + 8, left + column * cell + 8] for column in range(3)] for row in range(4)]
    )
    dark = corners < 100
    assert dark.tolist() == [
        [True, False, False],
        [False, False, False],
        [False, True, False],
        [False, False, True],
    ]


def test_the_same_table_is_the_same_file(tmp_path: Path) -> None:
    files = [CodeFactorHeatMap().render(model(), known(), tmp_path / name)[0].read_bytes() for name in ("a", "b")]
    assert files[0] == files[1]


@pytest.mark.parametrize("field", ["metrics", "artifacts"])
def test_a_spec_whose_data_knows_no_factors_is_refused_before_training(field: str) -> None:
    kind = {"metrics": "code-factor-correlation", "artifacts": "code-factor-heat-map"}[field]
    spec = read_spec(
        {
            "name": "toy",
            "data": {"type": "mnist-5k"},
            "latents": {"z": {"type": "uniform"}},
            "generator": {"type": "infogan-mnist", "width": 0.05},
            "discriminator": {"trunk": {"type": "infogan-mnist", "width": 0.05}, "head": {"type": "linear"}},
            "losses": [{"type": "non-saturating"}],
            "optimizers": {name: {"type": "adam", "lr": 1e-3} for name in ("generator", "discriminator")},
            "train": {"steps": 1},
            field: [{"type": kind}],
        }
    )
    (problem,) = spec.data_problems(spec.data.describe())
    assert "the data has no columns but the class" in str(SpecError([problem], "spec"))


def test_pi_is_where_radians_are() -> None:
    assert model().latents["turn"].period == 2 * math.pi
