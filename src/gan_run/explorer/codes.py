"""The codes of a page, as JSON: what each is called, its control, and the real images at its extremes."""

from collections.abc import Mapping

from pydantic import JsonValue

from gan_run.core.kinds.control import Control
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model
from gan_run.encoding.code_errors import code_errors
from gan_run.encoding.encoded import EncodedImages
from gan_run.encoding.extremes import extreme_rows
from gan_run.explorer.pictures import data_url

STEPS = 9
"""Values of a code that is not discrete in its strip."""
MOST = 30
"""Categories in a strip."""
REAL = 6
"""Real images of each category, and at each end of a number."""


def shown_dims(model: Model) -> list[tuple[CodeDim, Control]]:
    """The dimensions that the page has a control for: those that Q reads, and conditions."""
    controls = [(dim, model.latents[dim.name].control()) for dim in model.labelled_dims()]
    return [(dim, control) for dim, control in controls if control.element]


def describe_codes(model: Model, encoded: EncodedImages | None) -> list[JsonValue]:
    """Describe the codes of a page.

    Args:
        model: The model.
        encoded: Real images with their codes; None if the page shows none.

    Returns:
        A JSON object for each code, in order.
    """
    errors = code_errors(model) if model.codes else {}
    described: list[JsonValue] = []
    for dim, control in shown_dims(model):
        latent = model.latents[dim.name]
        recovered = dim.name in model.codes
        described.append(
            {
                "dim": str(dim),
                "latent": dim.name,
                "copy": dim.copy or 0,
                "discrete": latent.cardinality is not None,
                "categories": latent.cardinality,
                "recovered": recovered,
                "error": errors.get(dim),
                "control": {"element": control.element, "settings": dict(control.settings)},
                "stops": _stops(model, dim),
                "extremes": _extremes(encoded, dim),
            }
        )
    return described


def with_names(model: Model, description: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The description of a model, with the present names of its codes."""
    codes = description["codes"]
    assert isinstance(codes, list)
    named: list[JsonValue] = []
    for (dim, _), code in zip(shown_dims(model), codes, strict=True):
        assert isinstance(code, dict)
        named.append({**code, **describe_names(model, dim)})
    return {**description, "codes": named}


def describe_names(model: Model, dim: CodeDim) -> dict[str, JsonValue]:
    """The names of a code and its categories: as they are shown, and as a user gave them."""
    names, cardinality = model.code_names, model.latents[dim.name].cardinality
    given = names.codes.get(str(dim))
    return {
        "title": names.title(dim),
        "values": [names.value_title(dim, category) for category in range(cardinality or 0)],
        "name": None if given is None else given.name,
        "names": {} if given is None else {str(category): name for category, name in given.values.items()},
    }


def _stops(model: Model, dim: CodeDim) -> list[JsonValue]:
    """The values of the strip."""
    latent = model.latents[dim.name]
    if latent.cardinality is not None:
        return list(range(min(latent.cardinality, MOST)))
    values: list[JsonValue] = latent.traversal_values(STEPS).tolist()
    return values


def _extremes(encoded: EncodedImages | None, dim: CodeDim) -> list[JsonValue]:
    if encoded is None or dim not in encoded.dims:
        return []
    rows: list[JsonValue] = []
    for row in extreme_rows(encoded, dim, REAL):
        pictures: list[JsonValue] = [data_url(image) for image in encoded.images.read(row.numbers)]
        rows.append({"title": row.title, "category": row.category, "pictures": pictures})
    return rows
