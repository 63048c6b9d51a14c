import math

import pytest
import torch
from gan_run_elastic_infogan import IdentityPairs
from gan_run_elastic_infogan.pairs import nt_xent

from gan_run import SpecError, read_spec
from gan_run.testing import LossSuite

CHANGES = [{"type": "affine", "shift": 0.1}]
PAIRS = {"type": "identity-pairs", "code": "category", "augment": CHANGES}
INFORMATION = {"type": "mutual-information", "codes": {"category": 1.0}}
SPEC = {
    "name": "elastic",
    "data": {"type": "mnist-5k"},
    "latents": {"z": {"type": "gaussian"}, "category": {"type": "learnt-categorical", "classes": 3}},
    "generator": {"type": "mlp"},
    "discriminator": {"trunk": {"type": "mlp"}, "head": {"type": "linear"}},
    "losses": [{"type": "non-saturating"}, PAIRS, INFORMATION],
    "optimizers": {player: {"type": "adam", "lr": 1e-3} for player in ("generator", "discriminator")},
    "train": {"steps": 1},
}


class TestIdentityPairs(LossSuite):
    component = read_spec(SPEC).losses[1]  # type: ignore[assignment]  # the one of that type
    others = (INFORMATION,)


def test_the_loss_worked_by_hand() -> None:
    # Partners alike, everything else at right angles: one of exp(1/T) among two of exp(0).
    one = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    value = nt_xent(one, one * 5, temperature=0.5)
    assert value.item() == pytest.approx(math.log(math.exp(2) + 2) - 2)
    # Partners at right angles, and each image alike the other's partner.
    worse = nt_xent(one, one.flip(0), temperature=0.5)
    assert worse.item() == pytest.approx(math.log(math.exp(2) + 2))


def test_it_needs_somebody_to_read_the_code() -> None:
    with pytest.raises(SpecError, match="no loss trains an encoder of the code 'category'"):
        read_spec({**SPEC, "losses": SPEC["losses"][:2]})  # type: ignore[index]  # a list


def test_its_declaration_reads_back() -> None:
    assert isinstance(read_spec(SPEC).losses[1], IdentityPairs)
