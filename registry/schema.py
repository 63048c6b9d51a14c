"""The JSON Schema of a spec with all installed components, as editors and validators need it.

A kind is an object whose `type` is one of an enumeration; each type has a condition, `if` the type is this `then` these
are the fields. Editors then offer all types with their documentation, and say which are valid. (Of `oneOf` they offer
only the alternatives that fit best so far.)

A spec that extends another one may leave out what that one has: it follows definitions in which nothing is required,
except in lists, which are never merged.
"""

from collections.abc import Mapping

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from gan_run.core.kinds.component import Component
from gan_run.core.kinds.spec import Spec
from gan_run.registry.catalogue import Catalogue
from gan_run.registry.describe import summary
from gan_run.registry.recipes import recipes

REF = "#/$defs/"
KIND = "gan_run_kind"
SPEC = "Spec"
PARTIAL = "partial."
"""Begins the names of definitions in which nothing is required."""
PLAYERS = ("generator", "discriminator")
"""Those that every game has; losses add others."""
LISTS = ("items", "prefixItems")


class _KindsByName(GenerateJsonSchema):
    """Writes a field annotated with a kind as the kind's name, which `json_schema` replaces by a reference."""

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        kind = schema.get("metadata", {}).get(KIND)
        # Not yet a reference: pydantic would look it up among its own definitions.
        return {KIND: kind} if isinstance(kind, str) else super().function_plain_schema(schema)


def json_schema(catalogue: Catalogue) -> dict[str, object]:
    """The JSON Schema of a spec, for editors and validators."""
    definitions: dict[str, object] = {}
    spec = _generate(Spec, "", definitions)
    extends = {
        "type": "string",
        "description": spec["properties"]["extends"]["description"],
        "examples": list(recipes()),
    }
    optimizers = spec["properties"]["optimizers"]
    players = dict.fromkeys(PLAYERS, optimizers["additionalProperties"])
    spec["properties"] |= {"extends": extends, "optimizers": {**optimizers, "properties": players}}
    definitions[SPEC] = spec
    for kind in catalogue.kinds():
        entries = sorted(catalogue.named(kind), key=lambda pair: pair[0])
        components = {name: entry.component for name, entry in entries}
        definitions[kind] = _choice(kind, components)
        for name, component in components.items():
            definitions[_key(kind, name)] = _component(kind, name, component, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A spec of gan-run",
        "if": {"required": ["extends"]},
        "then": {"$ref": f"{REF}{PARTIAL}{SPEC}"},
        "else": {"$ref": f"{REF}{SPEC}"},
        "$defs": {**definitions, **_partial_definitions(definitions)},
    }


def _choice(kind: str, components: Mapping[str, type[Component]]) -> dict[str, object]:
    """The schema of a kind."""
    docs = [summary(component) for component in components.values()]
    return {
        "type": "object",
        "properties": {"type": {"enum": list(components), "enumDescriptions": docs}},
        "required": ["type"],
        "allOf": [
            {
                "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                "then": {"$ref": f"{REF}{_key(kind, name)}"},
            }
            for name in components
        ],
    }


def _component(kind: str, name: str, component: type[Component], definitions: dict[str, object]) -> JsonSchemaValue:
    schema = _generate(component, f"{_key(kind, name)}.", definitions)
    named = {"const": name, "type": "string", "description": summary(component)}
    schema["properties"] = {**schema["properties"], "type": named}
    schema["required"] = ["type", *(field for field in schema.get("required", []) if field != "type")]
    return schema


def _key(kind: str, name: str) -> str:
    return f"{kind}.{name}".replace(":", ".")


def _generate(model: type[BaseModel], prefix: str, definitions: dict[str, object]) -> JsonSchemaValue:
    """The schema of one model. Those it is made of are added to `definitions`, apart from other models' by `prefix`."""
    generated = model.model_json_schema(ref_template=f"{REF}{prefix}{{model}}", schema_generator=_KindsByName)
    schema = _with_references(generated)
    assert isinstance(schema, dict)
    nested = schema.pop("$defs", {})
    definitions.update({f"{prefix}{name}": definition for name, definition in nested.items()})
    if "$ref" in schema:  # a model that holds itself is among its own definitions
        return dict(nested[schema["$ref"].removeprefix(f"{REF}{prefix}")])
    return schema


def _with_references(schema: object) -> object:
    """`schema` with a reference wherever it names a kind."""
    if isinstance(schema, list):
        return [_with_references(item) for item in schema]
    if isinstance(schema, dict):
        linked = {key: _with_references(value) for key, value in schema.items() if key != KIND}
        return {"$ref": f"{REF}{schema[KIND]}", **linked} if KIND in schema else linked
    return schema


def _partial_definitions(definitions: Mapping[str, object]) -> dict[str, object]:
    """The definition of a spec in which nothing is required, and those that it refers to."""
    made: dict[str, object] = {}
    wanted = [SPEC]
    while wanted:
        key = wanted.pop()
        if f"{PARTIAL}{key}" not in made:
            made[f"{PARTIAL}{key}"] = _partial(definitions.get(key, {}), wanted)
    return made


def _partial(schema: object, wanted: list[str]) -> object:
    """A schema in which nothing is required. The keys of the definitions that it refers to are added to `wanted`."""
    if isinstance(schema, list):
        return [_partial(item, wanted) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, object] = {}
    for key, value in schema.items():
        if key == "$ref":
            wanted.append(value.removeprefix(REF))
            made[key] = f"{REF}{PARTIAL}{wanted[-1]}"
        elif key == "if" or key in LISTS:
            made[key] = value
        elif not (key == "required" and isinstance(value, list)):  # a field of this name has an object
            made[key] = _partial(value, wanted)
    return made
