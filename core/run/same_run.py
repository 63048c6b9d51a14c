"""Whether two specs train the same weights.

What does not decide the weights may differ between a run and the spec that resumes it: the description, metrics,
artifacts, callbacks, what is logged and kept, the device, and where the data lies (each path of the data source; the
data itself is compared by the run's data.json).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gan_run.core.base.errors import Place, show_place
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.spec import Spec
from gan_run.core.run.resolve import RESOLVED_FIELDS, with_train

FREE_FIELDS = ("description", "metrics", "artifacts", "callbacks")
FREE_TRAIN_FIELDS = ("log_every", "checkpoint_every", "keep", "keep_best", "device", "for", "on_nan", "rollbacks")
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
    for difference in differing_fields([content(before), content(after)]):
        (found.free if difference.free else found.decisive).append(show_place(difference.place))
    return found


def decisive_components(spec: Spec) -> Iterator[Component]:
    """The components of a spec that decide the weights."""
    return (component for place, component in spec.components() if not _is_free(place[:1]))


class Absent:
    """The value of a field that a spec does not have."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


class DifferingField(NamedTuple):
    """A field in which some specs differ."""

    place: Place
    values: list[object]
    """The value in each spec; ABSENT in one that has no such field."""
    free: bool
    """It does not decide the weights."""


def content(spec: Spec) -> dict[str, object]:
    """The fields of a spec in Python's types, where a path is a Path and no text."""
    return spec.model_dump(mode="python", warnings=False)


def differing_fields(contents: Sequence[object], place: Place = ()) -> Iterator[DifferingField]:
    """The fields in which several specs differ, each as deep in the specs as all of them have objects or lists.

    Args:
        contents: The fields of each spec, or what each has at `place`.
        place: Where in the specs they are.
    """
    if all(each == contents[0] for each in contents[1:]):
        return
    objects = [each for each in contents if isinstance(each, Mapping)]
    lists = [each for each in contents if isinstance(each, (list, tuple))]
    if _is_free(place):
        yield DifferingField(place, list(contents), True)
    elif len(objects) == len(contents):
        for key in dict.fromkeys(key for each in objects for key in each):
            yield from differing_fields([each.get(key, ABSENT) for each in objects], (*place, key))
    elif len(lists) == len(contents) and (len({*map(len, lists)}) == 1 or _hold_objects(lists)):
        for index in range(max(map(len, lists))):
            items = [each[index] if index < len(each) else ABSENT for each in lists]
            yield from differing_fields(items, (*place, index))
    else:
        moved = place[0] == "data" and all(isinstance(each, Path) for each in contents)
        yield DifferingField(place, list(contents), moved)


def _hold_objects(lists: Iterable[Sequence[object]]) -> bool:
    """Whether they are lists of components, say, rather than of a network's widths."""
    return all(isinstance(item, Mapping) for each in lists for item in each)


def _is_free(place: Place) -> bool:
    return place[:1] in {(field,) for field in FREE_FIELDS} or place in {("train", f) for f in FREE_TRAIN_FIELDS}
