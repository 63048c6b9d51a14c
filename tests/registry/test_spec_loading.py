import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from gan_run import Loss, LossContext, LossTerm, Spec, SpecError, SpecPath, read_spec
from gan_run.core.kinds.spec import dump
from gan_run.core.run.run_folder import RunFolder
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
WriteSpec = Callable[..., Path]


@pytest.fixture
def problems(registry: Registry) -> Callable[..., list[str]]:
    """The mistakes found in a spec, as they are shown."""

    def find(spec: Mapping[str, object] | Path, *overrides: str) -> list[str]:
        with pytest.raises(SpecError) as caught:
            read_spec(spec, overrides, registry)
        return [str(problem) for problem in caught.value.problems]

    return find


Problems = Callable[..., list[str]]


def test_the_small_spec_is_read(small: Small, registry: Registry) -> None:
    spec = read_spec(small(), registry=registry)
    assert (spec.name, spec.train.steps, spec.data.name()) == ("small", 6, "toys")


def test_an_unknown_type_is_placed_with_the_nearest_name(small: Small, problems: Problems) -> None:
    (problem,) = problems(small(), "losses[0].type=non-saturatng")
    assert problem.startswith("losses[0].type: no loss is called 'non-saturatng'; did you mean 'non-saturating'?")


def test_a_component_of_another_kind_is_unknown_here(small: Small, problems: Problems) -> None:
    (problem,) = problems(small(), "generator.type=adam")
    assert problem.startswith("generator.type: no generator is called 'adam'")


def test_a_misspelt_field_is_placed_with_the_nearest_name(small: Small, problems: Problems) -> None:
    (problem,) = problems(small(), "train.step=4")
    assert problem.startswith("train.step: 'step' is not a field here; did you mean 'steps'?")
    (problem,) = problems(small(), "losses[1].cods={}")
    assert problem.startswith("losses[1].cods: 'cods' is not a field here; did you mean 'codes'?")
    (problem,) = problems(small(), "sed=1")
    assert problem.startswith("sed: 'sed' is not a field here; did you mean 'seed'?")


def test_a_wrong_number_is_placed(small: Small, problems: Problems) -> None:
    assert problems(small(), "losses[1].codes.c=-2") == ["losses[1].codes.c: it has to be greater than 0, not -2"]
    (problem,) = problems(small(), "train.ema=1")
    assert problem == "train.ema: 1 is no decay: it is at least 0 and less than 1"
    (problem,) = problems(small(), "latents.category.classes=ten")
    assert problem.startswith("latents.category.classes: it has to be a whole number")
    assert problem.endswith("not 'ten'")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_are_finite(small: Small, problems: Problems, number: str) -> None:
    (problem,) = problems(small(), f"train.clip={number}")
    assert problem.startswith("train.clip: it has to be ")


def test_a_missing_field_is_placed(small: Small, problems: Problems) -> None:
    without = small()
    del without["generator"], without["train"]["steps"], without["latents"]["category"]["classes"]
    assert sorted(problems(without)) == [
        "generator: this field is required",
        "latents.category.classes: this field is required",
        "train.steps: this field is required",
    ]


def test_a_tuple_with_too_few_items_is_placed(small: Small, problems: Problems) -> None:
    (problem,) = problems(small(), "optimizers.generator.betas=[0.5]")
    assert problem == "optimizers.generator.betas[1]: this field is required"
    (problem,) = problems(small(), "optimizers.generator.betas=[0.5, 0.9, 0.99]")
    assert problem.startswith("optimizers.generator.betas: ")
    (problem,) = problems(small(), "optimizers.generator.betas=[0.5, 2]")
    assert problem == "optimizers.generator.betas[1]: 2 is no decay: it is at least 0 and less than 1"


def test_mistakes_in_several_places_are_all_found(small: Small, problems: Problems) -> None:
    found = problems(small(), "seed=-1", "train.steps=0", "losses[0].type=x", "optimizers.generator.lr=fast")
    assert [problem.partition(":")[0] for problem in found] == [
        "seed",
        "losses[0].type",
        "optimizers.generator.lr",
        "train.steps",
    ]


def test_a_component_that_is_no_object_with_a_type_is_shown_how_it_is_written(small: Small, problems: Problems) -> None:
    assert problems(small(), "generator=mlp") == ['generator: expected {"type": "NAME", …}']
    assert problems(small(), "data={}") == ['data: expected {"type": "NAME", …}']
    assert problems(small(), 'losses=[{"type": 3}]') == ['losses[0]: expected {"type": "NAME", …}']


def test_a_nested_component_is_placed(small: Small, problems: Problems, registry: Registry) -> None:
    wrapped = {"type": "wrapped", "inner": {"type": "wrapped", "inner": {"type": "mlp", "slop": 1}}}
    spec = small(discriminator={"trunk": wrapped, "head": {"type": "linear"}})
    (problem,) = problems(spec)
    assert problem.startswith("discriminator.trunk.inner.inner.slop: 'slop' is not a field here; did you mean 'slope'?")
    assert read_spec(spec, ['discriminator.trunk.inner.inner={"type": "mlp"}'], registry)


@pytest.mark.parametrize("place", ["optimizers.generator.lr", "losses[0].weight"])
def test_mistakes_in_a_number_or_schedule_have_clean_places(small: Small, problems: Problems, place: str) -> None:
    (problem,) = problems(small(), f'{place}="much"')
    assert problem.startswith(f"{place}: it has to be a number")
    (problem,) = problems(small(), f'{place}={{"type": "cosine", "start": "x", "end": 0}}')
    assert problem.startswith(f"{place}.start: it has to be a number")
    (problem,) = problems(small(), f'{place}={{"type": "cosine", "start": 1}}')
    assert problem == f"{place}.end: this field is required"
    (problem,) = problems(small(), f'{place}={{"type": "cosin", "start": 1, "end": 0}}')
    assert problem.startswith(f"{place}.type: no schedule is called 'cosin'; did you mean 'cosine'?")
    (problem,) = problems(small(), f'{place}={{"type": "cosine", "start": 1, "end": 0, "too": 1}}')
    assert problem.startswith(f"{place}.too: 'too' is not a field here")


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a\n", "-p", "x" * 101])
def test_a_name_that_is_no_folder_name_is_refused(small: Small, problems: Problems, name: str) -> None:
    (problem,) = problems(small(name=name))
    assert problem.startswith(("name: a run's name has letters", "name: the text takes at most 100 characters"))


def test_a_latents_name_is_one_word(small: Small, problems: Problems) -> None:
    (problem,) = problems(small(latents={"a.b": {"type": "uniform"}}))
    assert problem.startswith("latents.a.b: a latent's name has letters")


def test_what_cannot_be_read_is_refused_and_named(tmp_path: Path, registry: Registry) -> None:
    absent, binary = tmp_path / "absent.json", tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (absent, binary):
        with pytest.raises(SpecError, match=path.name):
            read_spec(path, registry=registry)


def test_set_replaces_a_number_a_text_and_an_object(small: Small, registry: Registry) -> None:
    overrides = ["train.steps=9", "name=other", 'latents={"only": {"type": "gaussian"}}', "train.ema=null"]
    spec = read_spec(small(losses=[{"type": "minimax"}]), overrides, registry)
    assert (spec.train.steps, spec.name, list(spec.latents), spec.train.ema) == (9, "other", ["only"], None)


def test_set_takes_text_that_holds_an_equals_sign(small: Small, registry: Registry) -> None:
    assert read_spec(small(), ["description=a=b"], registry).description == "a=b"


@pytest.mark.parametrize("place", ["losses[1].codes.c", "losses.1.codes.c"])
def test_set_reaches_into_a_list_by_index(small: Small, registry: Registry, place: str) -> None:
    loss = read_spec(small(), [f"{place}=0.25"], registry).losses[1]
    assert loss.model_dump()["codes"] == {"category": 1.0, "c": 0.25}


def test_set_appends_at_the_end_of_a_list(small: Small, registry: Registry) -> None:
    whole = read_spec(small(), ['losses[2]={"type": "minimax"}'], registry)
    piecemeal = read_spec(small(), ["losses[2].type=minimax", "losses[2].weight=0.5"], registry)
    assert [loss.name() for loss in whole.losses] == ["non-saturating", "mutual-information", "minimax"]
    assert piecemeal.losses[2].weight == 0.5


def test_set_makes_objects_on_the_way(small: Small, registry: Registry) -> None:
    assert read_spec(small(), ["train.updates.discriminator=2"], registry).train.updates == {"discriminator": 2}


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("losses[5].weight=1", "losses[5]: it is in a list of 2"),
        ("losses[-1].weight=1", "losses.-1: it is in a list of 2"),
        ("losses.first.weight=1", "losses.first: it is in a list of 2"),
        ("seed.x=1", "seed.x: it is in neither a list nor an object"),
        ("train.steps", "it is written as PLACE=VALUE"),
        ("=3", "it is written as PLACE=VALUE"),
    ],
)
def test_set_at_a_place_that_is_none_is_refused(small: Small, registry: Registry, override: str, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_spec(small(), [override], registry)
    assert caught.value.source == f"--set {override}"
    assert [str(found) for found in caught.value.problems] == [problem]


def test_set_leaves_what_it_was_given_alone(small: Small, registry: Registry) -> None:
    content = small()
    before = json.dumps(content)
    read_spec(content, ["losses[0].weight=2", "train.steps=1"], registry)
    assert json.dumps(content) == before


def test_set_works_on_a_mapping_that_holds_more_than_json(small: Small, registry: Registry, tmp_path: Path) -> None:
    read = read_spec(small(), registry=registry)
    mixed = small(generator=read.generator, losses=read.losses, train={"init_from": tmp_path})
    spec = read_spec(mixed, ["seed=8", "losses[2].type=minimax"], registry)
    assert (spec.seed, spec.generator, spec.train.init_from) == (8, read.generator, tmp_path)
    assert spec.losses[:2] == read.losses
    assert len(spec.losses) == 3


def test_paths_are_relative_to_the_spec_or_to_where_the_command_is_given(
    write_spec: WriteSpec, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    path = write_spec(train={"init_from": "runs/a"})
    in_file = read_spec(path, registry=registry)
    assert in_file.train.init_from == tmp_path / "runs/a"
    given = read_spec(path, ["train.init_from=runs/a"], registry)
    assert given.train.init_from == here / "runs/a"
    nested = read_spec(path, ['train={"steps": 1, "init_from": "runs/b"}'], registry)
    assert nested.train.init_from == here / "runs/b"
    absolute = read_spec(path, ["train.init_from=/runs/c"], registry)
    assert absolute.train.init_from == Path("/runs/c")


def test_a_mapping_is_read_relative_to_the_current_folder(
    small: Small, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = read_spec(small(train={"init_from": "runs/a"}), registry=registry)
    assert spec.train.init_from == tmp_path / "runs/a"


def test_variables_and_home_folders_in_paths_are_replaced(
    write_spec: WriteSpec, problems: Problems, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNS_OF_MINE", "runs")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def start(text: str) -> Path | None:
        return read_spec(write_spec(train={"init_from": text}), registry=registry).train.init_from

    assert start("${RUNS_OF_MINE}/a") == start("$RUNS_OF_MINE/a") == tmp_path / "runs/a"
    assert start("~/${RUNS_OF_MINE}") == tmp_path / "home/runs"
    assert start("$$RUNS_OF_MINE/a$$") == tmp_path / "$RUNS_OF_MINE/a$"
    path = write_spec(description="${UNSET_OF_MINE} ~/x", train={"init_from": "${UNSET_OF_MINE}/a"})
    assert problems(path) == [
        "train.init_from: the environment variable UNSET_OF_MINE is not set; a dollar sign itself is written as $$"
    ]
    assert problems(path, "train.init_from=a$") == [
        "train.init_from: a $ begins a variable, ${NAME}; a dollar sign itself is written as $$"
    ]
    (problem,) = problems(path, "train.init_from=~no-such-user/a")
    assert problem == "train.init_from: ~no-such-user is no home folder: there is no such user"
    given = read_spec(path, ["train.init_from=$RUNS_OF_MINE"], registry)
    assert (given.train.init_from, given.description) == (Path.cwd() / "runs", "${UNSET_OF_MINE} ~/x")


class Filed(Loss):
    type: Literal["filed"] = "filed"
    notes: tuple[SpecPath, ...] = ()

    def build(self, context: LossContext) -> LossTerm:
        return LossTerm()


def test_variables_are_replaced_in_a_third_partys_paths(
    small: Small, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTES", str(tmp_path))
    spec = small(losses=[{"type": "non-saturating"}, {"type": "filed", "notes": ["${NOTES}/a", "b"]}])
    filed = read_spec(spec, registry=registry, components=[Filed]).losses[1]
    assert isinstance(filed, Filed)
    assert filed.notes == (tmp_path / "a", Path.cwd() / "b")


def test_a_recorded_path_is_taken_as_it_is(small: Small, registry: Registry, tmp_path: Path) -> None:
    spec = read_spec(small(train={"init_from": f"{tmp_path}/$$a"}), registry=registry)
    assert read_spec(spec, ["seed=9"], registry).train.init_from == tmp_path / "$a"
    folder = RunFolder(tmp_path)
    folder.write_spec(dump(spec))
    assert registry.recorded_spec(folder.spec(), tmp_path).train.init_from == tmp_path / "$a"


def test_components_given_as_objects_pass_as_they_are(small: Small, registry: Registry) -> None:
    read = read_spec(small(), registry=registry)
    fields = {name: value for name, value in dict(read).items() if name not in ("schema_", "name")}
    again = Spec.model_validate({**fields, "name": "again"})
    assert again.generator is read.generator
    assert again.losses == read.losses


def test_braces_in_a_users_text_are_shown_as_they_are(small: Small, problems: Problems) -> None:
    (problem,) = problems(small(), "losses[0].type={0}")
    assert problem.startswith("losses[0].type: no loss is called '{0}'")


def test_a_batch_size_at_its_former_place_is_moved_with_a_warning(small: Small, registry: Registry) -> None:
    content = small(data={"type": "toys", "batch_size": 5})
    del content["train"]["batch_size"]
    with pytest.warns(FutureWarning, match=r"data\.batch_size is now train\.batch_size"):
        spec = read_spec(content, registry=registry)
    assert spec == read_spec(small(), ["train.batch_size=5"], registry)


def test_a_batch_size_at_both_places_is_refused(small: Small, problems: Problems) -> None:
    (problem,) = problems(small(), "data.batch_size=5")
    assert problem == "data.batch_size: the former place of train.batch_size: give train.batch_size alone"
