"""Checkpoints: safetensors and a manifest that is written last. No pickle.

checkpoints/step-00005000/model.safetensors       weights, buffers, the EMA of the generator
                          optimizer.safetensors   the optimisers' moments, the position of a stream
                          manifest.json           step, format, unlogged scalars, SHA-256 of each file and of itself
"""

import json
import re
import shutil
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from gan_run.core.base.errors import RunError
from gan_run.core.base.files import hash_file, sync, to_json, without_nan

FORMAT = 1
FILES = ("model.safetensors", "optimizer.safetensors")

Tensors = dict[str, Tensor]
NO_SCALARS: Mapping[str, float] = MappingProxyType({})


class Checkpoint(NamedTuple):
    """A complete checkpoint on the disk, written after `step` steps."""

    step: int
    folder: Path


def save(
    checkpoints: Path,
    step: int,
    model: Mapping[str, Tensor],
    optimizer: Mapping[str, Tensor],
    scalars: Mapping[str, float] = NO_SCALARS,
) -> Checkpoint:
    """Write a checkpoint. It gets its final name when all of it is on the disk."""
    folder = checkpoints / f"step-{step:08d}"
    temporary = _temporary(folder)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for name, tensors in zip(FILES, (model, optimizer), strict=True):
        save_file({key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}, temporary / name)
        sync(temporary / name)
    content: dict[str, object] = {
        "format": FORMAT,
        "step": step,
        "scalars": without_nan(scalars),
        "files": {name: hash_file(temporary / name) for name in FILES},
    }
    (temporary / "manifest.json").write_text(to_json({**content, "sha256": _hash(content)}), encoding="utf-8")
    sync(temporary / "manifest.json")
    sync(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    sync(checkpoints)
    return Checkpoint(step, folder)


def complete(checkpoints: Path) -> list[Checkpoint]:
    """The checkpoints that have a manifest, oldest first."""
    found = []
    for folder in checkpoints.glob("step-*"):
        match = re.fullmatch(r"step-(\d{8,})", folder.name)
        if match and (folder / "manifest.json").is_file():
            found.append(Checkpoint(int(match[1]), folder))
    return sorted(found)


def load(checkpoint: Checkpoint) -> tuple[Tensors, Tensors]:
    """The tensors of the model, and those of the optimisers and the feed. Raises RunError if a file is damaged."""
    verify(checkpoint)
    model, optimizer = (load_file(checkpoint.folder / name) for name in FILES)
    return model, optimizer


def weights_hash(checkpoint: Checkpoint) -> str:
    """The SHA-256 of the model's file, of a checkpoint that `load` has verified."""
    content = json.loads((checkpoint.folder / "manifest.json").read_text(encoding="utf-8"))
    return str(content["files"][FILES[0]])


def load_scalars(checkpoint: Checkpoint) -> dict[str, float | None]:
    """The scalars that no line shows yet, of a checkpoint that `load` has verified; None for one that is not finite. A
    checkpoint of an earlier version has none."""
    content = json.loads((checkpoint.folder / "manifest.json").read_text(encoding="utf-8"))
    return dict(content.get("scalars", {}))


def verify(checkpoint: Checkpoint) -> None:
    """Raise RunError if a file of a checkpoint was changed or damaged."""
    remedy = f"move {checkpoint.folder} away to go back to the checkpoint before it"
    try:
        content = json.loads((checkpoint.folder / "manifest.json").read_text(encoding="utf-8"))
        said = content.pop("sha256")
        files = content["files"]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise RunError(f"{checkpoint.folder}/manifest.json is damaged ({error}): {remedy}") from None
    if said != _hash(content):
        raise RunError(f"{checkpoint.folder}/manifest.json is not what was written: {remedy}")
    if content["format"] != FORMAT:
        raise RunError(f"{checkpoint.folder} has format {content['format']}; this version reads {FORMAT}")
    if content["step"] != checkpoint.step:
        raise RunError(f"{checkpoint.folder} was written after step {content['step']}: give it back its name")
    for name in FILES:
        path = checkpoint.folder / name
        if not path.is_file() or hash_file(path) != files[name]:
            raise RunError(f"{path} is missing or not what was written: {remedy}")


def prune(checkpoints: Path, keep: int, besides: Collection[int]) -> None:
    """Remove all but the last `keep` checkpoints and those at the steps `besides`, and what was left half written."""
    for checkpoint in [c for c in complete(checkpoints) if c.step not in besides][:-keep]:
        # Under this name it is no checkpoint, and the next call removes what an interruption leaves of it.
        checkpoint.folder.rename(_temporary(checkpoint.folder))
    for temporary in checkpoints.glob(".step-*.tmp"):
        shutil.rmtree(temporary)


def _temporary(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.tmp")


def first_not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """The name of the first tensor that is not finite, or None."""
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            return name
    return None


def _hash(content: Mapping[str, object]) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
