"""A subcategory: drawn after its parent, embedded with it, and recovered given it."""

import math
from pathlib import Path

import pytest
import torch
from torch.distributions import Categorical

from gan_run import CodeDim, SpecError, Traversals
from gan_run.core.kinds.latent import build_latents
from gan_run.core.kinds.latent_space import LatentSpace
from gan_run.plugins.latents.standard.categorical import Categorical as Parent
from gan_run.plugins.latents.standard.child import Child
from gan_run.testing.game import Noise, begin, small_spec

LATENTS = {
    "breed": {"type": "child", "parent": "animal", "classes": 3},
    "animal": {"type": "categorical", "classes": 2},
}
LOSSES = [{"type": "hinge"}, {"type": "mutual-information", "codes": {"animal": 1.0, "breed": 0.5}, "hidden": None}]


def space() -> LatentSpace:
    """The child is declared before its parent, and drawn after it."""
    return build_latents({"breed": Child(parent="animal", classes=3), "animal": Parent(classes=2)}, Noise().describe())


def test_parents_are_drawn_first_and_the_order_of_the_columns_is_the_specs() -> None:
    latents = space()
    assert latents.order == ("animal", "breed")
    assert list(latents.sample(4)) == ["breed", "animal"]
    assert (latents.width, latents.columns("breed"), latents.columns("animal")) == (8, slice(0, 6), slice(6, 8))


def test_the_pair_is_embedded_one_hot() -> None:
    values = {"animal": torch.tensor([0, 1, 1]), "breed": torch.tensor([2, 0, 2])}
    embedded = space().embed(values)
    assert embedded[:, :6].argmax(1).tolist() == [2, 3, 5]
    assert embedded[:, :6].sum(1).tolist() == [1, 1, 1]
    assert space().conditional("breed", values).embed(values["breed"]).dtype == torch.float32


def test_q_is_the_distribution_over_the_children_of_the_images_parent() -> None:
    params = torch.tensor([[0.0, 1.0, 2.0, 5.0, 0.0, 0.0], [9.0, 9.0, 9.0, 1.0, 2.0, 3.0]])
    values = {"animal": torch.tensor([0, 1]), "breed": torch.tensor([2, 0])}
    child = space().conditional("breed", values)
    expected = Categorical(logits=torch.tensor([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]])).log_prob(values["breed"])
    torch.testing.assert_close(child.log_likelihood(params, values["breed"]), expected)
    assert child.estimate(params).tolist() == [2, 2]
    assert child.entropy().item() == pytest.approx(math.log(3))


def test_a_held_parent_decides_which_children_there_are() -> None:
    latents = space()
    for held in (0, 1):
        values = latents.sample(50, held={CodeDim("animal"): torch.tensor(held), CodeDim("breed"): torch.tensor(1)})
        assert set(values["animal"].tolist()) == {held}
        assert set(latents.embed(values)[:, :6].argmax(1).tolist()) == {held * 3 + 1}


def test_it_trains_is_encoded_after_its_parent_and_traversed(tmp_path: Path) -> None:
    fields = {"latents": {"z": {"type": "gaussian"}, **LATENTS}, "losses": LOSSES}
    training = begin(fields=fields)
    for _ in range(3):
        training.advance()
    model = training.model()
    encoded = model.encode(torch.rand(5, 1, 12, 12) * 2 - 1)
    assert set(encoded) == {"animal", "breed"}
    assert encoded["breed"].max() < 3
    assert model.sample(3, animal=1, breed=2).shape == (3, 1, 12, 12)
    assert len(Traversals(rows=2).render(model, tmp_path / "t")) == 2


@pytest.mark.parametrize(
    ("latents", "message"),
    [
        ({"breed": {"type": "child", "parent": "animl", "classes": 3}}, "no latent is called 'animl'"),
        ({"breed": {"type": "child", "parent": "breed", "classes": 3}}, "'breed' depends on itself"),
        ({**LATENTS, "breed": {**LATENTS["breed"], "count": 2}}, "a latent that depends on others has one copy"),
    ],
)
def test_a_dependence_that_cannot_be_is_refused(latents: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        small_spec(fields={"latents": {"z": {"type": "gaussian"}, **latents}})


@pytest.mark.parametrize(
    "parent",
    [
        {"type": "gaussian"},
        {"type": "categorical", "classes": 2, "count": 2},
        {"type": "child", "parent": "kingdom", "classes": 2},
    ],
    ids=["continuous", "two", "child"],
)
def test_a_parent_that_is_not_one_independent_discrete_latent_is_refused(parent: dict[str, object]) -> None:
    kingdom = {"type": "categorical", "classes": 2}
    latents = {"z": {"type": "gaussian"}, "kingdom": kingdom, "animal": parent, "breed": LATENTS["breed"]}
    spec = small_spec(fields={"latents": latents})
    (problem,) = spec.data_problems(spec.data.describe())
    assert str(problem) == "latents.breed.parent: 'animal' has to be one discrete latent that depends on no other"


def test_a_parent_may_be_a_label_of_the_data() -> None:
    latents = {"z": {"type": "gaussian"}, "animal": {"type": "label"}, "breed": LATENTS["breed"]}
    spec = small_spec(fields={"latents": latents, "losses": [{"type": "hinge"}]})
    assert not spec.data_problems(spec.data.describe())
