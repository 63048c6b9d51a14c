"""Codes, networks and batches that the loss trains with, and specs that it refuses."""

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from gan_run import (
    Latent,
    SpecError,
    read_spec,
)
from gan_run.core.engine.training import Training
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.networks.infogan_networks.mnist import InfoGANMnistGenerator, InfoGANMnistTrunk
from small_information import ALONE_AND_MIXED, KEY, MIXED, MIXED_WEIGHTS, Tiny, begin, spec_of


@pytest.mark.parametrize("batch_size", [1, 2])
@ALONE_AND_MIXED
def test_every_code_alone_and_all_together_train_in_batches_of_any_size(
    codes: dict[str, Latent], batch_size: int
) -> None:
    losses = (NonSaturating(), MutualInformation(codes=dict.fromkeys(codes, 1.0)))
    assert_trains(begin(spec_of(codes, *losses, batch_size=batch_size)), set(codes))


@pytest.mark.parametrize("batch_size", [1, 2])
def test_the_papers_networks_train_in_batches_of_any_size(batch_size: int) -> None:
    spec = spec_of(
        MIXED,
        NonSaturating(),
        MutualInformation(codes=MIXED_WEIGHTS),
        data=Tiny(side=28),
        batch_size=batch_size,
        generator=InfoGANMnistGenerator(width=0.03),
        trunk=InfoGANMnistTrunk(width=0.03),
    )
    assert_trains(begin(spec), set(MIXED))


def assert_trains(training: Training, codes: set[str]) -> None:
    before = {name: p.detach().clone() for name, p in training.game.named_parameters()}
    for _ in range(2):
        for losses in training.advance().values():
            assert all(value.isfinite() for value in losses.terms.values())
            assert set(losses.reports[KEY]) == codes
    for name, parameter in training.game.named_parameters():
        assert parameter.isfinite().all()
        if name.endswith("weight"):
            assert not torch.equal(parameter, before[name]), name


def test_several_terms_recover_codes_of_their_own() -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    training = begin(spec_of(codes, MutualInformation(codes={"k": 1}), MutualInformation(codes={"c": 1})))
    reports = training.advance()["discriminator"].reports
    assert {term: set(of) for term, of in reports.items()} == {KEY: {"k"}, f"{KEY}-again-1": {"c"}}
    assert training.model().codes == ("k", "c")


@pytest.mark.parametrize(("hidden", "layers"), [(9, [(5, 9), (9, 4)]), (None, [(5, 4)])])
def test_q_has_one_hidden_layer_or_none(hidden: int | None, layers: list[tuple[int, int]]) -> None:
    codes: dict[str, Latent] = {"k": Categorical(classes=3), "c": Uniform()}
    training = begin(spec_of(codes, MutualInformation(codes={"k": 1, "c": 1}, hidden=hidden)))
    encoder = training.game.term(KEY).encoder()
    assert encoder is not None
    linear = [layer for layer in encoder.modules() if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == layers
    assert set(training.advance()) == {"discriminator", "generator"}


def test_q_is_as_in_the_papers_table() -> None:
    # FC 128, batch norm, leaky ReLU, FC out: 10 logits and 2 means of the 1,024 features.
    codes: dict[str, Latent] = {"category": Categorical(classes=10), "c1": Uniform(), "c2": Uniform()}
    spec = spec_of(
        codes,
        MutualInformation(codes=dict.fromkeys(codes, 1.0)),
        data=Tiny(side=28),
        generator=InfoGANMnistGenerator(width=0.03),
        trunk=InfoGANMnistTrunk(),
    )
    encoder = begin(spec).game.term(KEY).encoder()
    assert encoder is not None
    leaves = [layer for layer in encoder.modules() if not list(layer.children())]
    assert [type(layer).__name__ for layer in leaves] == ["Linear", "BatchNorm1d", "LeakyReLU", "Linear"]
    counts = [sum(p.numel() for p in layer.parameters()) for layer in leaves]
    assert counts == [1024 * 128 + 128, 2 * 128, 0, 128 * 12 + 12]
    activation = leaves[2]
    assert activation(torch.tensor(-1.0)).item() == pytest.approx(-0.1)


def test_a_code_that_no_latent_defines_is_a_placed_problem_with_the_nearest_name() -> None:
    codes: dict[str, Latent] = {"category": Categorical(classes=3), "c1": Uniform()}
    spec = spec_of(codes, NonSaturating(), MutualInformation(codes={"category": 1, "c3": 1, "categry": 1}))
    places = {str(problem).split(":")[0]: problem.message for problem in spec.problems()}
    assert set(places) == {"losses[1].codes.c3", "losses[1].codes.categry"}
    assert "no latent is called 'c3'; did you mean 'c1'?" in places["losses[1].codes.c3"]
    assert "no latent is called 'categry'; did you mean 'category'?" in places["losses[1].codes.categry"]


def test_codes_that_latents_define_are_no_problem() -> None:
    assert spec_of(MIXED, MutualInformation(codes=MIXED_WEIGHTS)).problems() == []


@pytest.mark.parametrize(
    "wrong",
    [{"codes": {}}, {"codes": {"c": 0}}, {"codes": {"c": -1}}, {"codes": {"c": 1}, "q_player": "nobody"}, {}],
)
def test_a_declaration_without_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MutualInformation.model_validate(wrong)


def test_a_mistake_in_a_spec_file_is_placed_within_its_loss() -> None:
    content = {
        "name": "small",
        "data": {"type": "mnist-5k"},
        "latents": {"c": {"type": "uniform"}},
        "generator": {"type": "mlp"},
        "discriminator": {"trunk": {"type": "mlp"}, "head": {"type": "linear"}},
        "losses": [{"type": "non-saturating"}, {"type": KEY, "codes": {"c": -1}, "train_trunks": True}],
        "optimizers": {},
        "train": {"steps": 1},
    }
    with pytest.raises(SpecError, match=r"losses\[1\]\.train_trunks: .*did you mean 'train_trunk'\?"):
        read_spec(content)
