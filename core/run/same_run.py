"""Whether two specs train the same weights.

What does not decide the weights may differ between a run and the spec that resumes it: the description, metrics,
artifacts, callbacks, what is logged and kept, the device, and where the data lies (each path of the data source; the
data itself is compared by the run's data.json).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gan_run.core.base.errors import Place, show_place
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.resolve import RESOLVED_FIELDS, with_train

FREE_FIELDS = ("description", "metrics", "artifacts", "callbacks")
FREE_TRAIN_FIELDS = ("log_every", "checkpoint_every", "keep", "keep_best", "device")
MAY_CHANGE = (
    f"{', '.join(f'train.{field}' for field in FREE_TRAIN_FIELDS)}, description, metrics, artifacts, "
    "callbacks and the paths in data"
)
"""For messages."""


class Differences(NamedTuple):
    """Where two specs differ, as places in the spec (`train.ema`)."""

    decisive: list[str]
    """These change the weights: it is another run."""
    free: list[str]
    """These do not."""


def differences(before: Spec, after: Spec) -> Differences:
    """Compare the spec of a run with one that may resume it. An `auto` in `after` takes the value in `before`.

    Args:
        before: As recorded in the run folder, without any `auto`.
        after: As asked for.
    """
    auto = [field for field in RESOLVED_FIELDS if getattr(after.train, field) == "auto"]
    after = with_train(after, **{field: getattr(before.train, field) for field in auto})
    found = Differences([], [])
    for place, free in _differing(_content(before), _content(after), ()):
        name = show_place(place)
        places = found.free if free else found.decisive
        if name not in places:
            places.append(name)
    return found


def decisive_components(spec: Spec) -> Iterator[Component]:
    """The components of a spec that decide the weights."""
    return (component for place, component in spec.components() if not _is_free(place[:1]))


def _content(spec: Spec) -> dict[str, object]:
    # In Python's types, where a path is a Path and no text.
    return spec.model_dump(mode="python", exclude={"schema_"}, warnings=False)


def _differing(before: object, after: object, place: Place) -> Iterator[tuple[Place, bool]]:
    """Each differing place, and whether it is free to differ."""
    if before == after:
        return
    if _is_free(place):
        yield place, True
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _differing(before.get(key), after.get(key), (*place, key))
    elif isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differing(old, new, (*place, index))
    else:
        yield place, place[0] == "data" and isinstance(before, Path) and isinstance(after, Path)


def _is_free(place: Place) -> bool:
    return place[:1] in {(field,) for field in FREE_FIELDS} or place in {("train", f) for f in FREE_TRAIN_FIELDS}
