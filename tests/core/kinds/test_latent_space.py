import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_run import CodeDim, DataInfo, ImageShape, Latent, LatentContext, LatentSpace, NotFoundByName
from gan_run.core.kinds.code_names import NO_CODE_NAMES
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.gaussian import Gaussian
from gan_run.plugins.latents.standard.uniform import Uniform

CONTEXT = LatentContext(DataInfo(ImageShape(1, 2, 2), {"train": 1}))


def space(**latents: Latent) -> LatentSpace:
    return LatentSpace({name: latent.module(CONTEXT) for name, latent in latents.items()})


@pytest.fixture
def mixed() -> LatentSpace:
    return space(
        z=Uniform(count=3), category=Categorical(classes=4), c=Gaussian(), pair=Categorical(classes=2, count=2)
    )


def test_names_keep_the_order_of_the_spec(mixed: LatentSpace) -> None:
    assert list(mixed) == ["z", "category", "c", "pair"]
    assert len(mixed) == 4


def test_every_name_has_its_columns_side_by_side(mixed: LatentSpace) -> None:
    assert [mixed.columns(name) for name in mixed] == [slice(0, 3), slice(3, 7), slice(7, 8), slice(8, 12)]
    assert mixed.width == 12


def test_the_columns_of_some_latents_and_of_the_others_are_apart(mixed: LatentSpace) -> None:
    chosen, others = mixed.split_columns(["pair", "z"])
    assert chosen.tolist() == [0, 1, 2, 8, 9, 10, 11]
    assert others.tolist() == [3, 4, 5, 6, 7]
    assert [columns.tolist() for columns in mixed.split_columns([])] == [[], list(range(12))]
    with pytest.raises(NotFoundByName, match="categorie"):
        mixed.split_columns(["categorie"])


def test_embedding_puts_every_value_into_its_own_columns(mixed: LatentSpace) -> None:
    values = {
        "c": torch.tensor([0.5]),
        "pair": torch.tensor([[1, 0]]),
        "z": torch.tensor([[0.1, 0.2, 0.3]]),
        "category": torch.tensor([2]),
    }
    expected = torch.tensor([[0.1, 0.2, 0.3, 0, 0, 1, 0, 0.5, 0, 1, 1, 0]])
    torch.testing.assert_close(mixed.embed(values), expected)


def test_a_draw_has_a_value_of_every_latent_in_every_row(mixed: LatentSpace) -> None:
    values = mixed.sample(5)
    assert {name: tuple(value.shape) for name, value in values.items()} == {
        "z": (5, 3),
        "category": (5,),
        "c": (5,),
        "pair": (5, 2),
    }
    assert mixed.embed(values).shape == (5, 12)


def test_values_that_are_given_are_taken_as_they_are(mixed: LatentSpace) -> None:
    given_value = torch.tensor([3, 3])
    values = mixed.sample(2, {"category": given_value})
    assert values["category"] is given_value
    assert set(values) == set(mixed)


def test_drawing_draws_from_the_global_stream(mixed: LatentSpace) -> None:
    torch.manual_seed(3)
    first = mixed.embed(mixed.sample(4))
    assert not torch.equal(mixed.embed(mixed.sample(4)), first)
    torch.manual_seed(3)
    assert torch.equal(mixed.embed(mixed.sample(4)), first)


def test_an_unknown_name_is_answered_with_the_nearest(mixed: LatentSpace) -> None:
    with pytest.raises(NotFoundByName, match=r"'categorie'; did you mean 'category'\?"):
        mixed["categorie"]
    with pytest.raises(NotFoundByName, match=r"'categorie'; did you mean 'category'\?"):
        mixed.columns("categorie")


@pytest.mark.parametrize("name", ["type", "half", "forward", "training", "T_destination", "_modules", "sample", "a-b"])
def test_a_latent_may_be_called_what_a_module_has_itself(name: str) -> None:
    named = space(**{name: Uniform(count=2)})
    assert named.training is True
    assert named.embed(named.sample(3)).shape == (3, 2)
    assert named[name].width == 2


def test_every_copy_is_a_dial_of_its_own(mixed: LatentSpace) -> None:
    assert [str(code_dim) for code_dim in mixed.code_dims()] == [
        "z[0]",
        "z[1]",
        "z[2]",
        "category",
        "c",
        "pair[0]",
        "pair[1]",
    ]
    assert mixed.code_dims(["c", "pair"]) == [CodeDim("c"), CodeDim("pair", 0), CodeDim("pair", 1)]
    assert mixed.code_dims(["pair[1]", "c"]) == [CodeDim("pair", 1), CodeDim("c")]


@pytest.mark.parametrize("name", ["z[3]", "c[0]", "categry"])
def test_what_is_neither_a_latent_nor_a_copy_is_refused(mixed: LatentSpace, name: str) -> None:
    with pytest.raises(NotFoundByName, match=r"no latent is called .*there is: c, category, pair, pair\[0\]"):
        mixed.code_dims([name])


@settings(max_examples=30)
@given(st.dictionaries(st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_-]{0,5}\Z"), st.integers(1, 12), min_size=1, max_size=4))
def test_every_dial_is_found_by_what_it_is_written_as(counts: dict[str, int]) -> None:
    built = space(**{name: Uniform(count=count) for name, count in counts.items()})
    assert len(built.code_dims()) == sum(counts.values())
    for code_dim in built.code_dims():
        assert NO_CODE_NAMES.code_dim(built, str(code_dim)) == code_dim


@pytest.mark.parametrize("text", ["c[0]", "categry", ""])
def test_an_unknown_latent_is_answered_with_those_there_are(mixed: LatentSpace, text: str) -> None:
    with pytest.raises(NotFoundByName, match="there is: c, category, pair, z"):
        NO_CODE_NAMES.code_dim(mixed, text)


@pytest.mark.parametrize("text", ["z", "z[3]", "z[-1]", "z[0]x"])
def test_an_unknown_copy_is_answered_with_those_there_are(mixed: LatentSpace, text: str) -> None:
    with pytest.raises(NotFoundByName, match=r"no latent is called .*: z has 3 copies, z\[0\] to z\[2\]"):
        NO_CODE_NAMES.code_dim(mixed, text)


def test_turning_a_dial_sets_every_row_and_touches_nothing_else(mixed: LatentSpace) -> None:
    values = mixed.sample(3)
    before = {name: value.clone() for name, value in values.items()}
    turned = mixed.with_value(values, CodeDim("z", 1), torch.tensor(0.75))
    assert turned["z"][:, 1].tolist() == [0.75] * 3
    assert torch.equal(turned["z"][:, [0, 2]], before["z"][:, [0, 2]])
    for name, value in before.items():
        assert torch.equal(values[name], value)
        assert name == "z" or torch.equal(turned[name], value)


def test_turning_takes_one_number_per_row_too(mixed: LatentSpace) -> None:
    turned = mixed.with_value(mixed.sample(3), CodeDim("category"), torch.tensor([2, 0, 3]))
    assert turned["category"].tolist() == [2, 0, 3]


def test_a_category_stays_a_whole_number_when_it_is_turned(mixed: LatentSpace) -> None:
    values = mixed.sample(2)
    for code_dim in (CodeDim("category"), CodeDim("pair", 1)):
        turned = mixed.with_value(values, code_dim, torch.tensor(1.0))
        assert turned[code_dim.name].dtype == torch.int64
        assert mixed.embed(turned).shape == (2, 12)
