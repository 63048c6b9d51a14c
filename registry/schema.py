"""The JSON Schema of a spec with all installed components."""

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from gan_run.core.kinds.spec import Spec
from gan_run.registry.catalogue import Catalogue

REF = "#/$defs/"
KIND = "gan_run_kind"


class _KindsByName(GenerateJsonSchema):
    """Writes a field annotated with a kind as the kind's name, which `json_schema` replaces by a reference."""

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        kind = schema.get("metadata", {}).get(KIND)
        # Not yet a reference: pydantic would look it up among its own definitions.
        return {KIND: kind} if isinstance(kind, str) else super().function_plain_schema(schema)


def json_schema(catalogue: Catalogue) -> dict[str, object]:
    """The JSON Schema of a spec, for editors and validators."""
    definitions: dict[str, object] = {}
    schema = _generate(Spec, "", definitions)
    for kind in catalogue.kinds():
        choices = []
        for name, entry in catalogue.named(kind):
            key = f"{kind}.{name}".replace(":", ".")
            component = _generate(entry.component, f"{key}.", definitions)
            component["properties"] = {**component["properties"], "type": {"const": name, "type": "string"}}
            component["required"] = ["type", *(r for r in component.get("required", []) if r != "type")]
            definitions[key] = component
            choices.append({"$ref": f"{REF}{key}"})
        definitions[kind] = {"oneOf": choices}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "$defs": definitions}


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
