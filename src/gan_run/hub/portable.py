"""Specs without the paths of a machine.

A path with a default, such as a cache or a folder for downloads, is left out: the default of the other machine is used.
Of any other path the last name stays, which is relative to the run folder.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from gan_run.core.base.errors import RunError
from gan_run.core.kinds.declaration import Declaration

FREE_TEXT = ("description",)
"""Fields that are no paths, whatever they look like."""


def portable(part: Declaration) -> dict[str, object]:
    """The fields of a spec, or of a component, as JSON without the paths of this machine."""
    written = part.model_dump(mode="json", warnings=False)
    content = shorten_paths(_without_defaults(part, written))
    assert isinstance(content, dict)
    return content


def shorten_paths(content: object) -> object:
    """JSON in which the last name is left of each absolute path."""
    if isinstance(content, str):
        return PurePosixPath(content).name or "root" if content.startswith("/") else content
    if isinstance(content, Mapping):
        return {key: item if key in FREE_TEXT else shorten_paths(item) for key, item in content.items()}
    if isinstance(content, (list, tuple)):
        return [shorten_paths(item) for item in content]
    return content


def refuse_outside(content: object, source: str) -> None:
    """Raise RunError if a text in JSON is a path that leads out of the run folder."""
    if isinstance(content, str):
        if content.startswith(("/", "~")) or ".." in PurePosixPath(content).parts:
            raise RunError(f"{source}: {content!r} leads out of the model's folder: this model is not used")
    elif isinstance(content, Mapping):
        for key, item in content.items():
            if key not in FREE_TEXT:
                refuse_outside(item, source)
    elif isinstance(content, list):
        for item in content:
            refuse_outside(item, source)


def _without_defaults(value: object, written: object) -> object:
    """The JSON of `value`, `written`, without the paths that have a default."""
    if isinstance(value, Declaration) and isinstance(written, dict):
        left_out = {
            field.alias or name
            for name, field in type(value).model_fields.items()
            if isinstance(getattr(value, name), Path) and isinstance(field.get_default(call_default_factory=True), Path)
        }
        parts = {field.alias or name: getattr(value, name) for name, field in type(value).model_fields.items()}
        kept = {name: item for name, item in written.items() if name not in left_out}
        return {name: _without_defaults(parts.get(name), item) for name, item in kept.items()}
    if isinstance(value, Mapping) and isinstance(written, dict):
        return {name: _without_defaults(value[name], item) for name, item in written.items()}
    if isinstance(value, (tuple, list)) and isinstance(written, list):
        return [_without_defaults(item, each) for item, each in zip(value, written, strict=True)]
    return written
