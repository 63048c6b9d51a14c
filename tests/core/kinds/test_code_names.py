import pytest

from gan_run import CodeDim, DataInfo, ImageShape, LatentContext, LatentSpace, NotFoundByName
from gan_run.core.base.errors import CodeError
from gan_run.core.kinds.code_names import NO_CODE_NAMES, CodeName, CodeNames
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform

CONTEXT = LatentContext(DataInfo(ImageShape(1, 2, 2), {"train": 1}))
LATENTS = LatentSpace(
    {
        "c": Uniform().module(CONTEXT),
        "pair": Uniform(count=2).module(CONTEXT),
        "category": Categorical(classes=4).module(CONTEXT),
    }
)
C, PAIR, CATEGORY = CodeDim("c"), CodeDim("pair", 1), CodeDim("category")
LABELS = CodeNames(
    codes={
        "c": CodeName(name="slant"),
        "pair[1]": CodeName(name="light"),
        "category": CodeName(name="digit", values={0: "7", 1: "3", 3: "3"}),
    }
)


@pytest.mark.parametrize(
    ("text", "code_dim"),
    [("c", C), ("slant", C), ("pair[1]", PAIR), ("light", PAIR), ("pair[0]", CodeDim("pair", 0)), ("digit", CATEGORY)],
)
def test_a_code_is_found_by_either_name(text: str, code_dim: CodeDim) -> None:
    assert LABELS.code_dim(LATENTS, text) == code_dim


@pytest.mark.parametrize(("text", "near"), [("slnt", "slant"), ("par", "pair"), ("categry", "category")])
def test_an_unknown_code_is_answered_with_the_nearest_of_both(text: str, near: str) -> None:
    with pytest.raises(NotFoundByName, match=rf"no latent is called '{text}'; did you mean '{near}"):
        LABELS.code_dim(LATENTS, text)


def test_pictures_show_both_names() -> None:
    assert LABELS.title(C) == "c (slant)"
    assert LABELS.title(CodeDim("pair", 0)) == "pair[0]"
    assert [LABELS.value_title(CATEGORY, value) for value in range(4)] == ["7", "3", "2", "3"]
    assert LABELS.value_title(C, 0.5) == "0.50"


def test_a_category_is_meant_by_its_label_and_by_its_number_after_a_hash() -> None:
    assert LABELS.number(CATEGORY, "7") == 0
    assert LABELS.number(CATEGORY, "#3") == 3
    assert LABELS.number(C, "-0.5") == -0.5
    assert NO_CODE_NAMES.number(CATEGORY, "3") == 3


def test_a_label_that_two_categories_bear_is_no_answer() -> None:
    with pytest.raises(ValueError, match="several categories are called so: choose one of #1, #3"):
        LABELS.number(CATEGORY, "3")


def test_a_number_that_no_category_bears_is_not_taken_for_its_index_where_labels_are_numbers() -> None:
    with pytest.raises(ValueError, match=r"no category is called 2 \(there is: .*3.*\); category 2 is #2"):
        LABELS.number(CATEGORY, "2")
    words = NO_CODE_NAMES.with_value(LATENTS, CATEGORY, 0, "seven")
    assert words.number(CATEGORY, "2") == 2
    with pytest.raises(ValueError, match="did you mean 'seven'"):
        words.number(CATEGORY, "sven")


def test_a_name_is_added_and_replaces_the_one_before() -> None:
    named = NO_CODE_NAMES.with_name(LATENTS, C, "slant").with_name(LATENTS, C, "width")
    assert named == CodeNames(codes={"c": CodeName(name="width")})
    both = named.with_value(LATENTS, CATEGORY, 3, "seven").with_name(LATENTS, CATEGORY, "digit")
    assert both.codes["category"] == CodeName(name="digit", values={3: "seven"})


@pytest.mark.parametrize("name", ["slant", "category", "pair[0]"])
def test_a_name_that_another_code_has_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is the name of another code"):
        LABELS.with_name(LATENTS, PAIR, name)


@pytest.mark.parametrize("name", ["a=b", "a[0]", "a#1", ""])
def test_a_name_that_could_not_be_written_again_is_refused(name: str) -> None:
    with pytest.raises(CodeError):
        NO_CODE_NAMES.with_name(LATENTS, C, name)


def test_only_categories_that_there_are_can_be_named() -> None:
    with pytest.raises(ValueError, match="4 is not a category: they are 0 to 3"):
        NO_CODE_NAMES.with_value(LATENTS, CATEGORY, 4, "seven")
    with pytest.raises(ValueError, match="c has no categories that could be named"):
        NO_CODE_NAMES.with_value(LATENTS, C, 0, "seven")
