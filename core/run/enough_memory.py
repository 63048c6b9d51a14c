"""Refuses a spec that cannot fit into memory, before anything of it is built."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import torch

from gan_run.core.base.errors import GanRunError, Place, Problem, SpecError
from gan_run.core.base.image import ImageShape
from gan_run.core.base.memory import available_memory, show_bytes
from gan_run.core.engine.memory_estimate import parts
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.declaration import Declaration
from gan_run.core.kinds.spec import Spec

SMALL = 8
"""What a whole number is replaced by to see how much memory it is responsible for."""
SMALL_SIDE = 32
"""Likewise the side of images."""
TRIED = 8
"""How many numbers, the largest, are looked at."""
Value = TypeVar("Value")


def check_memory(spec: Spec, data: DataInfo, processes: int = 1) -> None:
    """Refuse a spec whose networks and batches take more memory than there is.

    Args:
        spec: The spec, with its device.
        data: The description of its data.
        processes: How many processes of this machine share each batch.

    Raises:
        SpecError: It names the field that is most responsible.
    """
    available = available_memory(torch.device(spec.train.device))
    if available is None:
        return
    wanted = 0.0
    for count, part in enumerate(parts(spec, data, processes), start=1):
        wanted += part
        if wanted > available:
            break
    else:
        return
    place, value = _most_responsible(spec, data, count)
    least = "more than 64 bits can count" if math.isinf(wanted) else f"at least {show_bytes(wanted)}"
    message = f"with {value} here, training takes {least} of memory, and {show_bytes(available)} are available"
    raise SpecError([Problem(place, f"{message}: make it smaller")], spec.name)


def _most_responsible(spec: Spec, data: DataInfo, count: int) -> tuple[Place, object]:
    """The number without which the first `count` parts of the memory would be smallest, and its place."""
    numbers = sorted(_numbers(spec), key=lambda found: -found[1])[:TRIED]
    tried: list[tuple[float, Place, object]] = []
    for place, value in numbers:
        small = _put(spec, place, type(value)(min(value, SMALL)))
        if place[0] == "data":
            image = replace(data, image=ImageShape(data.image.channels, *(SMALL_SIDE for _ in data.image.size)))
            wanted = _sum(spec, image, count) if value in data.image.size else None
        else:
            wanted = _sum(small, data, count)
        if wanted is not None:
            tried.append((wanted, place, value))
    if not tried:
        return ("train", "batch_size"), spec.train.batch_size
    _, place, value = min(tried, key=lambda each: each[0])
    return place, value


def _sum(spec: Spec, data: DataInfo, count: int) -> float | None:
    """None for a spec that is not valid, since a number in it was replaced."""
    try:
        return sum(islice(parts(spec, data), count))
    except GanRunError:
        return None


def _numbers(value: object, place: Place = ()) -> Iterator[tuple[Place, int | float]]:
    """The numbers of a spec on which its memory may depend, each with its path."""
    if isinstance(value, Declaration):
        names = type(value).model_fields
        if isinstance(value, Spec):
            names = {name: names[name] for name in ("data", "latents", "generator", "discriminator", "losses")}
            yield ("train", "batch_size"), value.train.batch_size
        for name in names:
            yield from _numbers(getattr(value, name), (*place, name))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _numbers(item, (*place, name))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _numbers(item, (*place, index))
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value > (SMALL if place[1:] else 0):
        yield place, value


def _put(holder: Value, place: Place, value: object) -> Value:
    """A copy of a spec, or a part of one, in which one value is another."""
    step, rest = place[0], place[1:]
    if isinstance(holder, Declaration):
        changed = _put(getattr(holder, str(step)), rest, value) if rest else value
        return holder.model_copy(update={str(step): changed})
    if isinstance(holder, Mapping):
        return {**holder, step: _put(holder[step], rest, value) if rest else value}  # type: ignore[return-value]
    assert isinstance(holder, (list, tuple)) and isinstance(step, int)
    items = [*holder]
    items[step] = _put(items[step], rest, value) if rest else value
    return type(holder)(items)  # type: ignore[call-arg]
