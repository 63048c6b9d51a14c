"""Files that are whole or not there: written under another name, synced, then renamed."""

import json
import math
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path


def cache_folder(name: str) -> Path:
    """Where what can be fetched or made again goes if nobody says otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gan-run" / name


def sync(path: Path) -> None:
    """Make sure that a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Replace `path` by `text` in one go."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def to_json(content: Mapping[str, object]) -> str:
    """JSON as it stands in a run folder. Refuses NaN, which JSON has no word for."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def without_nan(value: object) -> object:
    """`value` with null in place of each number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    return value


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
