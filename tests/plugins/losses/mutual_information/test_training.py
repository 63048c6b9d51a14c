import math
from collections.abc import Mapping
from typing import Literal

import pytest
import torch
from torch import nn

from gan_run import (
    DataInfo,
    DataSource,
    Discriminator,
    Generator,
    ImageSet,
    ImageShape,
    Latent,
    Spec,
    Trunk,
)
from gan_run.core.engine.training import Training
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.networks.infogan_networks.mnist import InfoGANMnistGenerator, InfoGANMnistTrunk
from gan_run.plugins.networks.mlp.networks import MLPGenerator, MLPTrunk
from gan_run.plugins.training.optimizers.adam import Adam

KEY = "mutual-information"


class Tiny(DataSource):
    type: Literal["tiny"] = "tiny"
    side: int = 4

    def describe(self) -> DataInfo:
        return DataInfo(ImageShape(1, self.side, self.side), {"train": 12})

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        generator = torch.Generator().manual_seed(0)
        return ImageSet(torch.randint(0, 256, (12, 1, self.side, self.side), dtype=torch.uint8, generator=generator))


def spec_of(
    latents: Mapping[str, Latent],
    *losses: MutualInformation | NonSaturating,
    data: Tiny | None = None,
    batch_size: int = 6,
    generator: Generator | None = None,
    trunk: Trunk | None = None,
) -> Spec:
    return Spec.model_validate(
        {
            "name": "small",
            "data": data or Tiny(),
            "latents": {"z": Uniform(count=2), **latents},
            "generator": generator or MLPGenerator(hidden=(7,)),
            "discriminator": Discriminator(trunk=trunk or MLPTrunk(hidden=(5,)), head=Linear()),
            "losses": losses,
            "optimizers": {"generator": Adam(lr=0.01), "discriminator": Adam(lr=0.01)},
            "train": {"steps": 3, "batch_size": batch_size, "device": "cpu", "ema": None},
        }
    )


def begin(spec: Spec) -> Training:
    return Training(spec, spec.data.describe(), spec.data.open("train"))


MIXED: dict[str, Latent] = {
    "k": Categorical(classes=3),
    "ks": Categorical(classes=2, count=2),
    "u": Uniform(low=-2, high=1),
    "us": Uniform(count=3),
    "g": Gaussian(),
    "learnt": Uniform(learn_std=True, min_std=0.1),
    "learnts": Gaussian(learn_std=True, count=2),
}


SINGLE = [{name: latent} for name, latent in MIXED.items()]


ALONE_AND_MIXED = pytest.mark.parametrize("codes", [*SINGLE, MIXED], ids=[*MIXED, "all"])


MIXED_WEIGHTS = dict.fromkeys(MIXED, 1.0)


@pytest.mark.parametrize("q_player", ["discriminator", "generator"])
def test_training_by_it_raises_the_bound(q_player: Literal["discriminator", "generator"]) -> None:
    declared = MutualInformation(codes={"k": 1}, q_player=q_player)
    training = begin(spec_of({"k": Categorical(classes=3)}, declared, batch_size=32))
    bounds = [-float(training.advance()["generator"].reports[KEY]["k"]) for _ in range(60)]
    assert bounds[0] < 0.6
    assert 0.8 < bounds[-1] < math.log(3) + 1e-6


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
