import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gan_run import Spec, SpecError, read_spec
from gan_run.core.kinds.spec import dump
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
Write = Callable[..., Path]
Read = Callable[..., Spec]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """write("a/b.json", seed=3) writes a file of these fields."""

    def make(name: str, fields: Mapping[str, object] | None = None, **more: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({**(fields or {}), **more}), encoding="utf-8")
        return path

    return make


@pytest.fixture
def base(write: Write, small: Small) -> Path:
    """The small spec, in a folder of its own."""
    return write("bases/small.json", small(train={"init_from": "runs/a", "ema": 0.9}))


@pytest.fixture
def read(registry: Registry) -> Read:
    return lambda spec, *overrides: read_spec(spec, overrides, registry)


def problem_of(read: Read, spec: Path | Mapping[str, object], *overrides: str) -> tuple[str, str]:
    """The source and the text of a spec's one mistake."""
    with pytest.raises(SpecError) as caught:
        read(spec, *overrides)
    (problem,) = caught.value.problems
    return caught.value.source, str(problem)


def test_objects_are_merged_and_everything_else_replaces(base: Path, write: Write, read: Read, small: Small) -> None:
    changes: dict[str, Any] = {
        "name": "mine",
        "latents": {"z": {"count": 5}, "c2": {"type": "uniform"}},
        "losses": [{"type": "minimax"}],
        "optimizers": {"generator": {"lr": {"type": "cosine", "start": 1, "end": 0}}},
        "train": {"steps": 9, "ema": None},
    }
    spec = read(write("mine.json", changes, extends="bases/small.json"))
    expected = small(name="mine", losses=[{"type": "minimax"}], train={"steps": 9, "ema": None})
    expected["latents"]["z"]["count"] = 5
    expected["latents"]["c2"] = {"type": "uniform"}
    expected["optimizers"]["generator"]["lr"] = {"type": "cosine", "start": 1, "end": 0}
    expected["train"]["init_from"] = str(base.parent / "runs/a")
    assert spec == read(expected)
    assert list(spec.latents) == ["z", "category", "c", "c2"]
    assert "extends" not in dump(spec)


def test_a_component_of_another_type_replaces_the_whole(base: Path, write: Write, read: Read, small: Small) -> None:
    write("bases/small.json", small())
    path = write("mine.json", extends="bases/small.json", generator={"type": "dcgan"})
    assert read(path) == read(small(generator={"type": "dcgan"}))


def test_specs_extend_each_other_in_a_chain_and_overrides_come_last(base: Path, write: Write, read: Read) -> None:
    write("bases/second.yaml", extends="small.json", seed=5, train={"steps": 7})
    path = write("mine.json", extends="bases/second.yaml", train={"batch_size": 4})
    spec = read(path, "train.log_every=3", "losses[1].codes.c=2")
    train = spec.train
    assert (spec.seed, train.steps, train.batch_size, train.log_every, train.ema) == (5, 7, 4, 3, 0.9)


def test_a_path_is_relative_to_the_file_that_says_it(
    base: Path, write: Write, read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASES", "bases")
    own = write("mine.json", extends="${BASES}/small.json", train={"init_from": "runs/b"})
    assert read(own).train.init_from == tmp_path / "runs/b"
    assert read(write("mine.json", extends=str(base))).train.init_from == base.parent / "runs/a"
    folder = write("bases/folder.json", extends="dcgan-folder")
    for spec in (folder, write("mine.json", extends="bases/folder.json")):
        assert dump(read(spec))["data"]["root"] == str(base.parent / "images")  # type: ignore[index]  # an object
    monkeypatch.chdir(tmp_path)
    assert read({"extends": "bases/small.json"}).train.init_from == base.parent / "runs/a"


def test_a_recipe_is_extended_by_its_name(write: Write, read: Read) -> None:
    spec = read(write("mine.json", extends="infogan-mnist", train={"steps": 3}))
    assert spec == read(Path(__file__).parents[2] / "examples/infogan-mnist.json", "train.steps=3")


def test_what_cannot_be_extended_is_said(base: Path, write: Write, read: Read, tmp_path: Path) -> None:
    def said(extends: object) -> str:
        path = write("mine.json", extends=extends)
        source, problem = problem_of(read, path)
        assert source == str(path)
        return problem

    assert said("infogan-mnst").startswith("extends: there is no recipe 'infogan-mnst'; did you mean 'infogan-mnist'? ")
    assert said("infogan-mnst").endswith("a file is written with its ending, such as infogan-mnst.yaml")
    assert said("absent.yaml") == f"extends: there is no file {tmp_path / 'absent.yaml'}"
    assert said("bases/") == f"extends: there is no file {tmp_path / 'bases'}"
    assert said(["small"]) == "extends: it is the name of one recipe or file"
    assert said("$NO_SUCH_VARIABLE/a.json").startswith("extends: the environment variable NO_SUCH_VARIABLE is not set")
    base.write_text("{", encoding="utf-8")
    assert problem_of(read, write("mine.json", extends="bases/small.json"))[0] == str(base)
    source, problem = problem_of(read, {"extends": "quickstart"}, "extends=quickstart")
    assert (source, problem) == ("spec", "extends: only the file of a spec can say what it extends")


def test_a_circle_is_refused(write: Write, read: Read, tmp_path: Path) -> None:
    a, b = tmp_path / "a.json", tmp_path / "b.json"
    write("a.json", extends="b.json")
    write("b.json", extends="./a.json")
    write("c.json", extends="a.json")
    assert problem_of(read, a)[1] == f"extends: a circle: {a} extends {b} extends {a}"
    assert problem_of(read, tmp_path / "c.json")[1] == f"extends: a circle: {a} extends {b} extends {a}"
    d = write("d.json", extends="d.json")
    assert problem_of(read, d)[1] == f"extends: a circle: {d} extends {d}"


def test_a_mistake_names_the_base_that_it_is_in(base: Path, write: Write, read: Read, small: Small) -> None:
    path = write("mine.json", extends="bases/small.json", train={"steps": 3})

    def said(*overrides: str, **fields: object) -> str:
        write("bases/small.json", small(**fields))
        source, problem = problem_of(read, path, *overrides)
        assert source == str(path)
        return problem

    assert said(losses=[{"type": "minimx"}]).endswith(f"(in {base})")
    assert said(train={"stps": 3}).endswith(f"(in {base})")
    missing = said(latents={"z": {"type": "gaussian"}, "category": {"type": "categorical"}, "c": {"type": "uniform"}})
    assert missing == f"latents.category.classes: this field is required (in {base})"
    assert "(in " not in said("losses[0].weight=much")
    write("mine.json", extends="bases/small.json", train={"stps": 3})
    assert "(in " not in said()
