"""One JSON Schema for everything a spec may say here, third parties' components included."""

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from gan_run.core.spec import Spec
from gan_run.registry.catalogue import Catalogue

REF = "#/$defs/"


class _KindsByReference(GenerateJsonSchema):
    """A field annotated with a kind becomes a reference: what is installed is filled in afterwards."""

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        kind = schema.get("metadata", {}).get("gan_run_kind")
        return {"$ref": f"{REF}{kind}"} if isinstance(kind, str) else super().function_plain_schema(schema)


def json_schema(catalogue: Catalogue) -> dict[str, object]:
    """The JSON Schema of a spec, for editors and validators."""
    definitions: dict[str, object] = {}
    schema = _generate(Spec, definitions)
    for kind in catalogue.kinds():
        choices = []
        for name, entry in catalogue.named(kind):
            key = f"{kind}.{name}".replace(":", ".")
            component = _generate(entry.component, definitions)
            properties = component["properties"]
            assert isinstance(properties, dict)
            properties["type"] = {"const": name, "type": "string"}
            component["required"] = ["type", *(r for r in component.get("required", []) if r != "type")]
            definitions[key] = component
            choices.append({"$ref": f"{REF}{key}"})
        definitions[kind] = {"oneOf": choices}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "$defs": definitions}


def _generate(model: type[BaseModel], definitions: dict[str, object]) -> JsonSchemaValue:
    schema = model.model_json_schema(schema_generator=_KindsByReference)
    definitions.update(schema.pop("$defs", {}))
    return schema
