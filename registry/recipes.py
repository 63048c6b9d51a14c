"""The ready-made specs of the package."""

from importlib.resources import files
from importlib.resources.abc import Traversable

from gan_run.core.base.errors import NotFoundByName, suggest


def recipes() -> dict[str, Traversable]:
    """The file of each recipe, by name."""
    found = {item.name.removesuffix(".json"): item for item in files("gan_run.examples").iterdir()}
    return {name: item for name, item in sorted(found.items()) if item.name.endswith(".json")}


def recipe_content(name: str) -> bytes:
    """The file of a recipe. Raises NotFoundByName if there is none of this name."""
    found = recipes()
    if name not in found:
        raise NotFoundByName(f"there is no recipe {name!r}{suggest(name, found)}")
    return found[name].read_bytes()
