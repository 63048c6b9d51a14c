import copy
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import pytest
from jsonschema import Draft202012Validator

from gan_run import Declaration, Loss, LossContext, LossTerm, read_spec
from gan_run.core.kinds.spec import dump
from gan_run.registry.catalogue import Catalogue, Entry
from gan_run.registry.plugins import Registry
from gan_run.registry.schema import json_schema
from gan_run.registry.spec_loading import read_spec as read_content

Small = Callable[..., dict[str, Any]]
EXAMPLES = {item.name: item for item in files("gan_run.examples").iterdir() if item.name.endswith(".json")}


@pytest.fixture(scope="module")
def validator(registry: Registry) -> Draft202012Validator:
    schema = json_schema(registry.catalogue)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_there_are_examples() -> None:
    assert {"infogan-mnist.json", "quickstart.json"} <= EXAMPLES.keys()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_each_example_is_valid_by_the_schema_and_says_what_it_is(validator: Draft202012Validator, name: str) -> None:
    content = json.loads(EXAMPLES[name].read_text(encoding="utf-8"))
    assert [error.message for error in validator.iter_errors(content)] == []
    assert content["description"]
    assert content["name"] == name.removesuffix(".json")


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_each_example_reads_back_as_it_is_written(
    validator: Draft202012Validator, registry: Registry, name: str
) -> None:
    spec = read_spec(Path(str(EXAMPLES[name])), registry=registry)
    written = json.loads(json.dumps(dump(spec)))
    assert read_content(written, registry.catalogue, Path("/elsewhere"), "spec.json") == spec
    assert dump(read_spec(written, registry=registry)) == written
    assert [error.message for error in validator.iter_errors(written)] == []


def test_the_small_spec_is_valid(validator: Draft202012Validator, small: Small) -> None:
    assert list(validator.iter_errors(small())) == []


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ((), "sed", 1),
        (("train",), "step", 1),
        (("data",), "imges", 4),
        (("losses", 1), "cods", {}),
        (("optimizers", "generator"), "betta", 1),
        (("latents", "category"), "classes", 1),
        (("latents", "category"), "type", "categoric"),
        (("generator",), "type", "linear"),
        (("data",), "images", "many"),
        (("train",), "steps", 0),
        (("losses", 0), "weight", "much"),
        ((), "name", "../up"),
    ],
)
def test_a_mistake_is_no_valid_spec(
    validator: Draft202012Validator, small: Small, place: tuple[str | int, ...], key: str, value: object
) -> None:
    spec = small()
    here: Any = spec
    for step in place:
        here = here[step]
    here[key] = value
    assert not validator.is_valid(spec)


def test_each_needed_field_is_needed(validator: Draft202012Validator, small: Small) -> None:
    for place in (("name",), ("data",), ("data", "type"), ("train", "steps"), ("latents", "category", "classes")):
        spec = copy.deepcopy(small())
        here: Any = spec
        for step in place[:-1]:
            here = here[step]
        del here[place[-1]]
        assert not validator.is_valid(spec), place


def test_a_third_partys_fields_are_in_it(registry: Registry) -> None:
    definitions: Any = json_schema(registry.catalogue)["$defs"]
    assert definitions["data.toys"]["properties"]["side"]["type"] == "integer"
    assert definitions["data.toys"]["properties"]["type"]["const"] == "toys"
    for kind, name in (("data", "toys"), ("fragrance", "rose")):
        assert name in definitions[kind]["properties"]["type"]["enum"]
        assert {"$ref": f"#/$defs/{kind}.{name}"} in [choice["then"] for choice in definitions[kind]["allOf"]]


def test_what_a_spec_has_from_another_need_not_be_in_it(validator: Draft202012Validator) -> None:
    trunk = {"norm": "none"}
    changes: dict[str, Any] = {"generator": {"width": 2}, "train": {"clip": 1}, "discriminator": {"trunk": trunk}}
    assert validator.is_valid({"extends": "quickstart", **changes})
    assert not validator.is_valid(changes)
    for wrong in ({"train": {"clp": 1}}, {"train": {"clip": "x"}}, {"generator": {"type": "linear"}}, {"losses": [{}]}):
        assert not validator.is_valid({"extends": "quickstart", **wrong}), wrong


def test_a_number_may_be_a_schedule(validator: Draft202012Validator, small: Small) -> None:
    spec = small()
    spec["optimizers"]["generator"]["lr"] = {"type": "cosine", "start": 1e-3, "end": 0}
    assert validator.is_valid(spec)
    spec["optimizers"]["generator"]["lr"]["strt"] = 1
    assert not validator.is_valid(spec)


def test_kinds_may_recur(validator: Draft202012Validator, registry: Registry, small: Small) -> None:
    def nested(innermost: dict[str, object]) -> dict[str, Any]:
        trunk = {"type": "wrapped", "factor": 2.0, "inner": {"type": "wrapped", "inner": innermost}}
        return small(discriminator={"trunk": trunk, "head": {"type": "linear"}})

    good, bad = nested({"type": "mlp", "hidden": [5]}), nested({"type": "mlp", "hiden": [5]})
    assert validator.is_valid(good)
    assert not validator.is_valid(bad)
    spec = read_spec(good, registry=registry)
    written = json.loads(json.dumps(dump(spec)))
    assert written["discriminator"]["trunk"]["inner"]["inner"]["hidden"] == [5]
    assert read_spec(written, registry=registry) == spec
    assert validator.is_valid(written)


class First:
    class Settings(Declaration):
        depth: int

    class Deep(Loss):
        type: Literal["deep"] = "deep"
        settings: "First.Settings"

        def build(self, context: LossContext) -> LossTerm:
            return LossTerm()


class Second:
    class Settings(Declaration):
        colour: str

    class Bright(Loss):
        type: Literal["bright"] = "bright"
        settings: "Second.Settings"

        def build(self, context: LossContext) -> LossTerm:
            return LossTerm()


class Tree(Loss):
    type: Literal["tree"] = "tree"
    branches: tuple["Tree", ...] = ()

    def build(self, context: LossContext) -> LossTerm:
        return LossTerm()


def test_two_plugins_may_call_their_own_models_the_same(registry: Registry, small: Small) -> None:
    catalogue = Catalogue()
    for kind in registry.catalogue.kinds():
        for _, entry in registry.catalogue.named(kind):
            catalogue.add(entry)
    for component, distribution in ((First.Deep, "acme"), (Second.Bright, "rival"), (Tree, "oak")):
        component.model_rebuild()
        catalogue.add(Entry(component, "plugin", distribution, "1.0"))
    validator = Draft202012Validator(json_schema(catalogue))

    deep, bright = {"type": "deep", "settings": {"depth": 3}}, {"type": "bright", "settings": {"colour": "red"}}
    tree = {"type": "tree", "branches": [{"type": "tree", "branches": [{"type": "tree"}]}]}
    good = small(losses=[deep, bright, tree])
    assert validator.is_valid(good)
    assert len(read_content(good, catalogue, Path(), "spec").losses) == 3
    for wrong in (
        {**deep, "settings": bright["settings"]},
        {**bright, "settings": deep["settings"]},
        {"type": "tree", "branches": [{"type": "tree", "branchs": []}]},
    ):
        assert not validator.is_valid(small(losses=[wrong])), wrong


def test_a_name_claimed_twice_is_in_it_qualified() -> None:
    catalogue = Catalogue()
    for distribution in ("acme", "rival"):
        catalogue.add(Entry(Tree, "plugin", distribution, "1.0"))
    definitions: Any = json_schema(catalogue)["$defs"]
    types = {definitions[f"loss.{name}.tree"]["properties"]["type"]["const"] for name in ("acme", "rival")}
    assert types == {"acme:tree", "rival:tree"} == set(definitions["loss"]["properties"]["type"]["enum"])
