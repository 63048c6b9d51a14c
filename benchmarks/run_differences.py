"""How two run folders differ: logged scalars, and tensors of the last checkpoint, to the last bit."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

Numbers = Mapping[str, float | None]
"""Logged scalars by name; None where a number was not finite."""


class Comparison(NamedTuple):
    """What two runs were compared by, and the differences that were found."""

    steps: int
    scalars: int
    tensors: int
    differences: list[str]

    def __str__(self) -> str:
        compared = f"{self.steps} steps, {self.scalars} scalars, {self.tensors} tensors"
        return "; ".join(self.differences) or compared


def compare(before: Path, after: Path, renames: Mapping[str, str]) -> Comparison:
    """Compare two run folders.

    Args:
        before: A run folder.
        after: A run folder.
        renames: Parts of names in `before`, of scalars and tensors, and what they are in `after`.
    """
    old_log, new_log = log_of(before, renames), log_of(after, {})
    old, new = tensors_of(before, renames), tensors_of(after, {})
    differences = [*scalar_differences(old_log, new_log), *tensor_differences(old, new)]
    return Comparison(len(new_log), len(names_of(new_log)), len(new), differences)


def names_of(log: Mapping[int, Numbers]) -> set[str]:
    """Every scalar that is logged at any step."""
    return {name for line in log.values() for name in line}


def log_of(run: Path, renames: Mapping[str, str]) -> dict[int, Numbers]:
    """Scalars by step, without the times."""
    lines = map(json.loads, (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
    return {
        line["step"]: {renamed(name, renames): line[name] for name in line if name not in ("step", "time")}
        for line in lines
    }


def tensors_of(run: Path, renames: Mapping[str, str]) -> dict[str, Tensor]:
    """The model's tensors in the last checkpoint."""
    last = max((run / "checkpoints").glob("step-*"))
    return {renamed(name, renames): tensor for name, tensor in load_file(last / "model.safetensors").items()}


def renamed(name: str, renames: Mapping[str, str]) -> str:
    """A name with each old part replaced by the new one."""
    for old, new in renames.items():
        name = name.replace(old, new)
    return name


def scalar_differences(before: Mapping[int, Numbers], after: Mapping[int, Numbers]) -> Iterator[str]:
    """Steps and names on one side alone, and the first step at which a scalar differs."""
    if before.keys() != after.keys():
        yield f"{len(before)} steps are logged before, {len(after)} after"
    yield from on_one_side("scalars", names_of(before), names_of(after))
    shared = names_of(before) & names_of(after)
    for step in sorted(before.keys() & after.keys()):
        old, new = before[step], after[step]
        wrong = [name for name in {**old, **new} if name in shared and old.get(name) != new.get(name)]
        if wrong:
            name, others = wrong[0], f" and {len(wrong) - 1} more scalars" if len(wrong) > 1 else ""
            first, second = old.get(name), new.get(name)
            by = "" if first is None or second is None else f", by {abs(first - second):.1e}"
            yield f"from step {step} on {name}: {first} before, {second} after{by}{others}"
            return


def tensor_differences(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> Iterator[str]:
    """Tensors on one side alone, of another shape or type, and how far the others are apart."""
    yield from on_one_side("tensors", set(before), set(after))
    shared = sorted(before.keys() & after.keys())
    apart: dict[str, float] = {}
    for name in shared:
        old, new = before[name], after[name]
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            yield f"{name} is {old.dtype} {tuple(old.shape)} before, {new.dtype} {tuple(new.shape)} after"
        elif not torch.equal(old.reshape(-1).view(torch.uint8), new.reshape(-1).view(torch.uint8)):
            apart[name] = (old.double() - new.double()).abs().max().item()
    if apart:
        worst = sorted(apart, key=lambda name: -math.inf if math.isnan(apart[name]) else -apart[name])[:3]
        yield f"{len(apart)} of {len(shared)} tensors, " + ", ".join(f"{name} by {apart[name]:.1e}" for name in worst)


def on_one_side(what: str, before: set[str], after: set[str]) -> Iterator[str]:
    """Names that the other side lacks."""
    for side, names in (("before", before - after), ("after", after - before)):
        if names:
            yield f"{what} only {side}: {', '.join(sorted(names))}"
