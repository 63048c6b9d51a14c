"""Checkpoints: safetensors and a manifest that is written last. No pickle.

checkpoints/step-00005000/model.safetensors       weights, buffers, the EMA of the generator
                          optimizer.safetensors   the optimisers' moments, the position of a stream
                          manifest.json           step, format, unlogged scalars, SHA-256 of each file and of itself

A published checkpoint has the model alone.
"""

import json
import re
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from gan_run.core.base.errors import RunError
from gan_run.core.base.files import hash_file, sync, to_json, without_nan
from gan_run.core.base.sealed_json import SEAL, sealed, unsealed
from gan_run.core.base.system_errors import naming
from gan_run.core.base.tensor_files import save_tensors

FORMAT = 1
MODEL = "model.safetensors"
OPTIMIZER = "optimizer.safetensors"
FILES = (MODEL, OPTIMIZER)

Tensors = dict[str, Tensor]


class RunState(NamedTuple):
    """What a run has to know of its past, beside its tensors."""

    rollbacks: int = 0
    """How often it went back to an earlier checkpoint, by `train.on_nan`: its random numbers depend on it."""
    evaluated: bool = True
    """Whether all was measured and drawn that is due at this step."""
    lines: int = 0
    """The number of lines that metrics.jsonl has; 0 too where an earlier version wrote the checkpoint."""


NEW = RunState()
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
    state: RunState = NEW,
) -> Checkpoint:
    """Write a checkpoint. It gets its final name when all of it is on the disk."""
    folder = checkpoints / f"step-{step:08d}"
    temporary = _temporary(folder)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for name, tensors in zip(FILES, (model, optimizer), strict=True):
        save_tensors({key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}, temporary / name)
        sync(temporary / name)
    _write_manifest(temporary, step, scalars, FILES, state)
    sync(temporary / "manifest.json")
    sync(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    sync(checkpoints)
    return Checkpoint(step, folder)


def publish(checkpoint: Checkpoint, checkpoints: Path) -> Checkpoint:
    """Copy a checkpoint without the training state.

    Args:
        checkpoint: The checkpoint, which `load_model` has verified.
        checkpoints: The folder for the copy.
    """
    folder = checkpoints / checkpoint.folder.name
    folder.mkdir(parents=True)
    shutil.copyfile(checkpoint.folder / MODEL, folder / MODEL)
    _write_manifest(folder, checkpoint.step, NO_SCALARS, (MODEL,))
    return Checkpoint(checkpoint.step, folder)


def _write_manifest(
    folder: Path, step: int, scalars: Mapping[str, float], files: Collection[str], state: RunState = NEW
) -> None:
    content: dict[str, object] = {
        "format": FORMAT,
        "step": step,
        "scalars": without_nan(scalars),
        "files": {name: hash_file(folder / name) for name in files},
    }
    if state != NEW:
        content["state"] = state._asdict()
    with naming(folder / "manifest.json"):
        (folder / "manifest.json").write_text(to_json(sealed(content)), encoding="utf-8")


def complete(checkpoints: Path) -> list[Checkpoint]:
    """The checkpoints, oldest first. A folder has the name of one once all is in it: what is missing there is damage,
    which shows when it is used."""
    found = []
    for folder in checkpoints.glob("step-*"):
        match = re.fullmatch(r"step-(\d{8,})", folder.name)
        if match and folder.is_dir():
            found.append(Checkpoint(int(match[1]), folder))
    return sorted(found)


def load(checkpoint: Checkpoint) -> tuple[Tensors, Tensors]:
    """The tensors of the model, and those of the optimisers and the feed. Raises RunError if a file is damaged, or the
    checkpoint is a published one."""
    refuse_published(checkpoint)
    verify(checkpoint, FILES)
    model, optimizer = (load_file(checkpoint.folder / name) for name in FILES)
    return model, optimizer


def load_model(checkpoint: Checkpoint) -> Tensors:
    """The tensors of the model. Its file alone is read and needed. Raises RunError if it is damaged."""
    verify(checkpoint, (MODEL,))
    return load_file(checkpoint.folder / MODEL)


def is_published(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint was published, without training state. Raises RunError if the manifest is damaged."""
    return OPTIMIZER not in _read_manifest(checkpoint)["files"]


def weights_hash(checkpoint: Checkpoint) -> str:
    """The SHA-256 of the model's file. Raises RunError if the manifest is damaged."""
    return str(_read_manifest(checkpoint)["files"][MODEL])


def refuse_published(checkpoint: Checkpoint) -> None:
    """Raise RunError if training cannot continue from a checkpoint, since it was published without its state."""
    if is_published(checkpoint):
        raise RunError(
            f"{checkpoint.folder} is a published model without training state: it can be sampled, encoded with and "
            "evaluated, but not trained on. A new run starts from its weights with train.init_from"
        )


def load_scalars(checkpoint: Checkpoint) -> dict[str, float | None]:
    """The scalars that no line shows yet, of a checkpoint that `load` has verified; None for one that is not finite. A
    checkpoint of an earlier version has none."""
    content = json.loads((checkpoint.folder / "manifest.json").read_text(encoding="utf-8"))
    return dict(content.get("scalars", {}))


def load_state(checkpoint: Checkpoint) -> RunState:
    """What the run has to know of its past. Raises RunError if the manifest is damaged."""
    return RunState(**_read_manifest(checkpoint).get("state", {}))


def verify(checkpoint: Checkpoint, files: Collection[str]) -> None:
    """Raise RunError if one of some files of a checkpoint was changed or damaged.

    Args:
        checkpoint: The checkpoint.
        files: Those that are read: the others may be damaged or missing.
    """
    said = _read_manifest(checkpoint)["files"]
    for name in files:
        path = checkpoint.folder / name
        if not path.is_file() or hash_file(path) != said[name]:
            raise RunError(f"{path} is missing or not what was written: {_remedy(checkpoint)}")


def _remedy(checkpoint: Checkpoint) -> str:
    return f"move {checkpoint.folder} away to go back to the checkpoint before it"


def _read_manifest(checkpoint: Checkpoint) -> dict[str, Any]:
    """The manifest, with the hashes of all files or of the model alone. Raises RunError if it is damaged."""
    remedy = _remedy(checkpoint)
    try:
        written = json.loads((checkpoint.folder / "manifest.json").read_text(encoding="utf-8"))
        if SEAL not in written:
            raise ValueError("it has no digest")
        content: dict[str, Any] = unsealed(written)
        files = {*content["files"]}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise RunError(f"{checkpoint.folder}/manifest.json is damaged ({error}): {remedy}") from None
    if content["format"] != FORMAT:
        raise RunError(f"{checkpoint.folder} has format {content['format']}; this version reads {FORMAT}")
    if content["step"] != checkpoint.step:
        raise RunError(f"{checkpoint.folder} was written after step {content['step']}: give it back its name")
    if files not in ({*FILES}, {MODEL}):
        raise RunError(f"{checkpoint.folder}/manifest.json names other files than a checkpoint has: {remedy}")
    return content


def prune(checkpoints: Path, keep: int, besides: Collection[int]) -> None:
    """Remove all but the last `keep` checkpoints and those at the steps `besides`, and what was left half written."""
    for checkpoint in [c for c in complete(checkpoints) if c.step not in besides][:-keep]:
        # Under this name it is no checkpoint, and the next call removes what an interruption leaves of it.
        checkpoint.folder.rename(_temporary(checkpoint.folder))
    for temporary in checkpoints.glob(".step-*.tmp"):
        shutil.rmtree(temporary)


def forget_after(checkpoints: Path, step: int) -> None:
    """Remove the checkpoints after a step, which the run will take again."""
    for checkpoint in complete(checkpoints):
        if checkpoint.step > step:
            temporary = _temporary(checkpoint.folder)
            checkpoint.folder.rename(temporary)
            shutil.rmtree(temporary)


def _temporary(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.tmp")


def first_not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """The name of the first tensor that is not finite, or None."""
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            return name
    return None
