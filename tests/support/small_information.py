"""A small game with a `mutual-information` loss, for the tests of that loss."""

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

import pytest
import torch
from torch import Tensor, nn

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
from gan_run.core.engine.game import Game
from gan_run.core.engine.training import Training
from gan_run.core.engine.update import Losses, Update
from gan_run.core.kinds.update_context import UpdateInputs
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.losses.adversarial.non_saturating import NonSaturating
from gan_run.plugins.losses.mutual_information.loss import MutualInformation
from gan_run.plugins.networks.heads.linear import Linear
from gan_run.plugins.networks.mlp.networks import MLPGenerator, MLPTrunk
from gan_run.plugins.training.optimizers.adam import Adam

KEY = "mutual-information"
HALF_LN_2PI = 0.5 * math.log(2 * math.pi)


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
MIXED_WEIGHTS = dict.fromkeys(MIXED, 1.0)
SINGLE = [{name: latent} for name, latent in MIXED.items()]
ALONE_AND_MIXED = pytest.mark.parametrize("codes", [*SINGLE, MIXED], ids=[*MIXED, "all"])


class Asked(NamedTuple):
    objective: Tensor
    reports: dict[str, Tensor]


def ask(game: Game, player: str, fake: Tensor, values: Mapping[str, Tensor]) -> Asked:
    """The term's objective on these images and the values that they are said to be made from."""
    inputs = UpdateInputs(torch.zeros_like(fake), {}, dict(values), fake, {}, (KEY,))
    losses: Losses = Update(game, player)(inputs)
    return Asked(losses.terms[KEY], losses.reports[KEY])


def fix_q(game: Game, numbers: list[float]) -> None:
    """Make `numbers` the posterior parameters of every image: those of all codes, one after the other."""
    encoder = game.term(KEY).encoder()
    assert encoder is not None
    last = [layer for layer in encoder.modules() if isinstance(layer, nn.Linear)][-1]
    with torch.no_grad():
        nn.init.zeros_(last.weight)
        last.bias.copy_(torch.tensor(numbers))
