from collections.abc import Mapping
from typing import Literal

import pytest
import torch
from pydantic import ValidationError

from gan_run import (
    DataInfo,
    DataSource,
    Discriminator,
    Generator,
    ImageSet,
    ImageShape,
    Latent,
    Spec,
    SpecError,
    Trunk,
    read_spec,
)
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.networks.heads.linear import Linear
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


MIXED: dict[str, Latent] = {
    "k": Categorical(classes=3),
    "ks": Categorical(classes=2, count=2),
    "u": Uniform(low=-2, high=1),
    "us": Uniform(count=3),
    "g": Gaussian(),
    "learnt": Uniform(learn_std=True, min_std=0.1),
    "learnts": Gaussian(learn_std=True, count=2),
}


MIXED_WEIGHTS = dict.fromkeys(MIXED, 1.0)


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
