"""Latents whose value on real images is a column of the data: numbers, angles, vectors."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch.distributions import VonMises

from gan_run import Column, DataInfo, ImageShape, LatentContext, SpecError
from gan_run.core.engine.training import Training, read_scalars
from gan_run.plugins.latents.standard.factor import Factor, FactorModule
from gan_run.plugins.latents.standard.vector import Vector, VectorModule
from gan_run.testing.game import small_spec

Small = Callable[..., Mapping[str, Any]]
COLUMNS = {
    "age": Column("continuous"),
    "turn": Column("angle"),
    "text": Column("continuous", shape=(3,)),
    "kind": Column("categorical"),
}
INFO = DataInfo(ImageShape(1, 2, 2), {"train": 8}, COLUMNS)
CONTEXT = LatentContext(INFO)
NAN = math.nan


def factor(column: str, *values: float) -> FactorModule:
    module = Factor(column=column).build(CONTEXT)
    module.fit_prior({column: torch.tensor(values, dtype=torch.float64)})
    return module


def test_a_number_is_drawn_as_the_data_has_it_in_its_own_unit() -> None:
    ages = factor("age", 10.0, 20.0, 20.0, 30.0, 50.0, NAN)
    torch.manual_seed(0)
    drawn = ages.sample(40_000)
    assert 10 <= drawn.min() <= drawn.max() <= 50
    expected = torch.quantile(torch.tensor([10.0, 20.0, 20.0, 30.0, 50.0]), torch.tensor([0.1, 0.4, 0.5, 0.9]))
    torch.testing.assert_close(torch.quantile(drawn, torch.tensor([0.1, 0.4, 0.5, 0.9])), expected, atol=0.6, rtol=0)


def test_a_number_is_embedded_in_standard_deviations_from_the_mean_and_a_missing_one_as_the_mean() -> None:
    ages = factor("age", 10.0, 30.0)  # mean 20, standard deviation 10
    assert ages.embed(torch.tensor([20.0, 35.0, NAN])).flatten().tolist() == pytest.approx([0, 1.5, 0])


def test_q_of_a_number_is_normal_in_the_unit_of_the_column() -> None:
    ages = factor("age", 10.0, 30.0)
    posterior = ages.posterior(torch.tensor([[0.5, -100.0]]))
    assert posterior.mean.item() == pytest.approx(25)
    assert posterior.stddev.item() == pytest.approx(10 * 0.05)  # its least
    assert ages.estimate(torch.tensor([[0.5, 0.0]])).item() == pytest.approx(25)


def test_an_angle_is_in_degrees_and_has_no_end() -> None:
    turns = factor("turn", -90.0, 0.0, 90.0, 180.0)
    assert turns.period == 360
    embedded = turns.embed(torch.tensor([0.0, 90.0, 450.0]))
    torch.testing.assert_close(embedded, torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), atol=1e-6, rtol=0)
    assert turns.estimate(torch.tensor([[0.0, -3.0, 0.0]])).item() == pytest.approx(270)
    params = torch.tensor([[1.0, 0.0, 0.3]])
    near, far = (turns.log_likelihood(params, torch.tensor([value])).item() for value in (359.0, 181.0))
    assert near == pytest.approx(turns.log_likelihood(params, torch.tensor([1.0])).item(), abs=1e-4)
    assert near > far
    # A density per degree: it integrates to one over a turn.
    degrees = torch.arange(0, 360, 0.25)
    density = turns.log_likelihood(params.expand(len(degrees), 3), degrees).exp()
    assert density.sum().item() * 0.25 == pytest.approx(1, abs=1e-3)


def test_an_angle_beyond_a_turn_is_within_it_and_a_missing_one_is_nowhere() -> None:
    turns = factor("turn", 350.0, 370.0, -5.0, 725.0)  # 350, 10, 355, 5
    assert turns.quantiles[[0, -1]].tolist() == [5, 355]
    assert turns.embed(torch.tensor([NAN])).tolist() == [[0, 0]]
    inside, outside = turns.log_prior(torch.tensor([362.0 + 5.0, 362.0])).tolist()
    assert math.isfinite(inside)
    assert outside == -math.inf


def test_q_of_an_angle_is_von_mises_with_its_standard_deviation() -> None:
    turns = factor("turn", 0.0, 90.0)
    params = torch.tensor([[0.0, 2.0, 0.3]])  # towards 90 degrees
    radians = 0.05 + math.log1p(math.exp(0.3))
    assert turns.deviation(params).item() == pytest.approx(math.degrees(radians), abs=1e-4)
    expected = VonMises(math.pi / 2, radians**-2).log_prob(torch.tensor(1.2)) + math.log(math.pi / 180)
    found = turns.log_likelihood(params, torch.tensor([math.degrees(1.2)]))
    assert found.item() == pytest.approx(expected.item(), abs=1e-5)
    assert turns.recovery(params.expand(2, 3), torch.tensor([90.0, 90.0])).item() == pytest.approx(1.0)


def test_q_of_a_number_knows_its_deviation_and_what_it_recovers() -> None:
    ages = factor("age", 10.0, 30.0)
    params = torch.tensor([[-1.0, 0.3], [1.0, 0.3]])
    assert ages.deviation(params).tolist() == pytest.approx([10 * (0.05 + math.log1p(math.exp(0.3)))] * 2)
    assert ages.recovery(params, torch.tensor([10.0, 30.0])).item() == pytest.approx(1.0)
    assert ages.recovery(params, torch.tensor([30.0, 10.0])).item() == 0.0


def test_the_prior_of_a_number_is_even_between_quantiles() -> None:
    ages = factor("age", *[float(age) for age in range(257)])  # intervals of one year
    assert ages.entropy().item() == pytest.approx(math.log(256), abs=1e-5)
    values = torch.tensor([0.0, 100.5, 256.0, -0.1, 256.1])
    assert ages.log_prior(values).tolist() == pytest.approx([-math.log(256)] * 3 + [-math.inf] * 2, abs=1e-5)
    same = factor("age", *[7.0] * 5)  # a density that is finite
    assert math.isfinite(same.log_prior(torch.tensor([7.0])).item())


def test_the_prior_of_a_number_is_uneven_as_the_quantiles_are() -> None:
    squares = factor("age", *[float(age**2) for age in range(257)])  # each interval is wider than the one before
    edges = squares.quantiles
    for index in (0, 7, 200, 255):
        for place in (edges[index], (edges[index] + edges[index + 1]) / 2):
            expected = -math.log((edges[index + 1] - edges[index]).item() * 256)
            assert squares.log_prior(place).item() == pytest.approx(expected, abs=1e-3)
    assert squares.log_prior(edges[256]).item() == pytest.approx(-math.log(511 * 256), abs=1e-3)


def test_a_number_is_drawn_between_two_quantiles() -> None:
    squares = factor("age", *[float(age**2) for age in range(257)])
    torch.manual_seed(0)
    drawn = squares.sample(500)
    torch.manual_seed(0)
    at = torch.rand(500) * 256
    expected = at.floor() ** 2 + (at - at.floor()) * (2 * at.floor() + 1)
    torch.testing.assert_close(drawn, expected, rtol=1e-4, atol=1e-2)


def test_a_number_that_many_images_share_has_a_high_density() -> None:
    ages = factor("age", -50.0, *[0.0] * 100, 50.0)
    assert -50 < ages.quantiles[1] < 0 < ages.quantiles[-2] < 50
    assert ages.log_prior(torch.tensor([0.0])).item() == pytest.approx(-math.log(100 * 1e-6 * 256), abs=1e-4)
    torch.manual_seed(0)
    assert -ages.log_prior(ages.sample(20_000)).mean().item() == pytest.approx(ages.entropy().item(), abs=0.1)


def test_a_number_without_training_values_is_taken_as_one_of_0_to_1() -> None:
    module = Factor(column="age").build(CONTEXT)
    assert module.log_prior(torch.tensor([0.0, 0.9, 1.1])).tolist() == pytest.approx([0, 0, -math.inf], abs=1e-5)
    embedded = module.embed(torch.tensor([0.5, 1.0]))
    assert embedded.flatten().tolist() == pytest.approx([0, math.sqrt(3)])
    assert factor("age", 7.0, 7.0).embed(torch.tensor([7.0])).item() == 0
    assert factor("age", 0.0, 1e-6).embed(torch.tensor([1e-6])).item() == pytest.approx(1, abs=1e-3)


def test_a_traversal_of_a_number_shows_the_middle_of_the_training_values() -> None:
    ages = factor("age", *[float(age) for age in range(101)])
    assert ages.traversal_values(3).tolist() == pytest.approx([2, 50, 98], abs=0.5)
    assert ages.traversal_values(2, 0, 7).tolist() == [0, 7]


def test_a_vector_is_that_of_some_training_image() -> None:
    module = Vector(column="text").build(CONTEXT)
    assert isinstance(module, VectorModule)
    rows = torch.arange(15, dtype=torch.float64).view(5, 3)
    rows[2] = NAN
    module.fit_prior({"text": rows})
    nothing = LatentContext(DataInfo(INFO.image, {}, COLUMNS))  # a stream, whose size is not known
    assert len(Vector(column="text").build(nothing).get_buffer("vectors")) == 0
    torch.manual_seed(0)
    drawn = {tuple(row) for row in module.sample(200).tolist()}
    assert drawn == {tuple(row) for row in rows[[0, 1, 3, 4]].tolist()}
    assert module.embed(torch.tensor([[1.0, NAN, 2.0]])).tolist() == [[1, 0, 2]]


@pytest.mark.parametrize(
    ("latent", "message"),
    [
        ({"type": "factor", "column": "ag"}, "latents.c: the data has no column 'ag'; did you mean 'age'"),
        ({"type": "factor", "column": "text"}, "latents.c.column: 'text' has vectors: use the latent vector"),
        ({"type": "factor", "column": "kind"}, "latents.c.column: 'kind' has categories: use the latent label"),
        ({"type": "vector", "column": "age"}, "latents.c.column: 'age' is no column of continuous vectors"),
        ({"type": "label", "column": "kind"}, "latents.c.column: 'kind' has no categories with names"),
        ({"type": "vector", "column": "text", "count": 2}, "latents.c.count: an image has one vector: set it to 1"),
        ({"type": "factor", "column": "age", "count": 2}, "latents.c.count: an image has one value of a factor"),
    ],
)
def test_a_column_that_does_not_fit_is_refused(latent: dict[str, object], message: str) -> None:
    try:
        spec = small_spec(fields={"latents": {"z": {"type": "gaussian"}, "c": latent}})
        (problem,) = spec.data_problems(INFO)
    except SpecError as error:
        (problem,) = error.problems
    assert message in str(problem)


def test_a_condition_without_posterior_cannot_be_a_code() -> None:
    latents = {"z": {"type": "gaussian"}, "text": {"type": "vector", "column": "vector"}}
    losses = [{"type": "hinge"}, {"type": "mutual-information", "codes": {"text": 1.0}}]
    spec = small_spec(fields={"latents": latents, "losses": losses})
    (problem,) = spec.data_problems(spec.data.describe())
    assert str(problem).startswith("losses[1]: the latent 'text' is noise or a condition: it has no posterior")


def test_a_vector_cannot_be_set_by_a_number() -> None:
    spec = small_spec(fields={"latents": {"z": {"type": "gaussian"}, "text": {"type": "vector", "column": "vector"}}})
    training = Training(spec, spec.data.describe(), spec.data.open("train"))
    model = training.model()
    assert model.sample(2).shape == (2, 1, 12, 12)
    with pytest.raises(ValueError, match=r"'text' has values of shape \(3,\)"):
        model.sample(2, text=1.0)


@pytest.mark.parametrize(
    ("head", "losses"),
    [
        ({"type": "projection", "on": ["label", "number", "angle", "vector"]}, []),
        ({"type": "joint", "on": ["number", "vector"]}, []),
        (
            {"type": "linear"},
            [{"type": "acgan"}, {"type": "acgan", "label": "number"}, {"type": "acgan", "label": "angle"}],
        ),
    ],
    ids=["projection", "joint", "acgan"],
)
def test_gans_are_conditional_on_columns_some_of_whose_values_are_missing(
    head: dict[str, object], losses: list[dict[str, object]]
) -> None:
    latents = {
        "z": {"type": "gaussian", "count": 2},
        "label": {"type": "label"},
        "number": {"type": "factor", "column": "number"},
        "angle": {"type": "factor", "column": "angle"},
        "vector": {"type": "vector", "column": "vector"},
    }
    judge = {"trunk": {"type": "mlp", "hidden": [10]}, "head": head}
    spec = small_spec(fields={"latents": latents, "discriminator": judge, "losses": [{"type": "hinge"}, *losses]})
    images = spec.data.open("train")
    for name, column in images.columns.items():
        column[::2] = -1 if name == "label" else NAN
    training = Training(spec, spec.data.describe(), images)
    for _ in range(4):
        found = read_scalars(training.advance())
        assert all(math.isfinite(value) for value in found.values()), found
    assert all(bool(value.isfinite().all()) for value in training.game.parameters())


@pytest.mark.parametrize(("code", "column"), [("c", "number"), ("turn", "angle")])
def test_a_few_labelled_images_tie_a_continuous_code_to_a_column(code: str, column: str) -> None:
    latents = {"z": {"type": "gaussian"}, "c": {"type": "uniform"}, "turn": {"type": "circular"}}
    losses = [
        {"type": "hinge"},
        {"type": "mutual-information", "codes": {code: 1.0}, "hidden": None},
        {"type": "ss-infogan", "code": code, "column": column, "labelled": 10},
    ]
    spec = small_spec(fields={"latents": latents, "losses": losses})
    assert not spec.data_problems(spec.data.describe())
    training = Training(spec, spec.data.describe(), spec.data.open("train"))
    values = training.game.term("ss-infogan").get_buffer("_values")
    assert len(values) == 10
    assert -math.pi <= values.min() <= values.max() <= 2 * math.pi if code == "turn" else values.abs().max() == 1
    for _ in range(60):
        found = read_scalars(training.advance())
    assert found["discriminator/ss-infogan/recovery"] > 0.3


@pytest.mark.parametrize(
    ("latent", "column", "needed"),
    [("uniform", "angle", "cyclic"), ("circular", "number", "continuous"), ("bernoulli", "number", "continuous")],
)
def test_a_code_that_does_not_fit_its_column_is_refused(latent: str, column: str, needed: str) -> None:
    latents = {"z": {"type": "gaussian"}, "c": {"type": latent}}
    losses = [
        {"type": "hinge"},
        {"type": "mutual-information", "codes": {"c": 1.0}},
        {"type": "ss-infogan", "code": "c", "column": column, "labelled": 1},
    ]
    spec = small_spec(fields={"latents": latents, "losses": losses})
    (problem,) = spec.data_problems(spec.data.describe())
    assert str(problem) == f"losses[2].code: 'c' has to be one {needed} code"
