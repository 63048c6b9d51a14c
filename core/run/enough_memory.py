"""Refuses a spec that cannot fit into memory, before anything of it is built."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import accumulate, islice
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
PARTS = ("data", "latents", "generator", "discriminator", "losses")
"""The fields of a spec that decide, beside the batch, how much memory is wanted."""
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
    sums = enumerate(accumulate(parts(spec, data, processes)), start=1)
    beyond = next(((count, wanted) for count, wanted in sums if wanted > available), None)
    if beyond is None:
        return
    count, wanted = beyond
    place, value = _most_responsible(spec, data, count)
    least = "more than 64 bits can count" if math.isinf(wanted) else f"at least {show_bytes(wanted)}"
    message = f"with {value} here, training takes {least} of memory, and {show_bytes(available)} are available"
    raise SpecError([Problem(place, f"{message}: make it smaller")], spec.name)


def _most_responsible(spec: Spec, data: DataInfo, count: int) -> tuple[Place, object]:
    """The number without which the first `count` parts of the memory would be smallest, and its place."""
    tried: list[tuple[float, Place, object]] = []
    for place, number in _largest(spec, data):
        if place[0] == "data":
            sides = (SMALL_SIDE for _ in data.image.size)
            wanted = _sum(spec, replace(data, image=ImageShape(data.image.channels, *sides)), count)
        else:
            wanted = _sum(_put(spec, place, type(number)(SMALL)), data, count)
        if wanted is not None:
            tried.append((wanted, place, number))
    _, where, responsible = min(tried, key=lambda each: each[0])
    return where, responsible


def _largest(spec: Spec, data: DataInfo) -> list[tuple[Place, int | float]]:
    """The size of a batch, and the largest other numbers on which memory may depend, each with its place."""
    found = [
        (place, number)
        for part in PARTS
        for place, number in _numbers_in(getattr(spec, part), (part,))
        if part != "data" or number in data.image.size
    ]
    largest = sorted(found, key=lambda each: -each[1])[:TRIED]
    return [(("train", "batch_size"), spec.train.batch_size), *largest]


def _sum(spec: Spec, data: DataInfo, count: int) -> float | None:
    """None for a spec that is not valid, since a number in it was replaced."""
    try:
        return sum(islice(parts(spec, data), count))
    except GanRunError:
        return None


def _numbers_in(value: object, place: Place) -> Iterator[tuple[Place, int | float]]:
    if isinstance(value, Declaration):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _numbers_in(item, (*place, name))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _numbers_in(item, (*place, index))
    elif isinstance(value, (int, float)) and value > SMALL:
        yield place, value


def _put(holder: Value, place: Place, value: object) -> Value:
    """A copy of a spec, or a part of one, in which one value is another."""
    step, rest = place[0], place[1:]
    if isinstance(holder, Declaration):
        changed = _put(getattr(holder, str(step)), rest, value) if rest else value
        return holder.model_copy(update={str(step): changed})
    if isinstance(holder, Mapping):
        return {**holder, step: _put(holder[step], rest, value) if rest else value}  # type: ignore[return-value]
    assert isinstance(holder, (list, tuple))
    assert isinstance(step, int)
    items = [*holder]
    items[step] = _put(items[step], rest, value) if rest else value
    return type(holder)(items)
