"""The pictures of a page, which are part of it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from gan_run.core.base.data_uri import data_uri
from gan_run.core.kinds.artifact import Artifact
from gan_run.results.grouping import spec_problem
from gan_run.results.pictures import Picture
from gan_run.results.run import Run

BUDGET = 12 * 2**20
"""Bytes of the picture files of a page; in the page they take a third more."""
STEPS = (12, 8, 5, 3, 2, 1)
"""How many steps of a picture are shown, at most: the first of these for which all have room."""
TYPES = {".png": "png", ".gif": "gif", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


class Frame(NamedTuple):
    """A picture at one step."""

    step: int
    uri: str
    """The file as a data URI."""
    width: int
    height: int


class Viewer(NamedTuple):
    """A picture over time."""

    folder: str
    title: str
    is_animated: bool
    frames: list[Frame]
    """By step; the last is shown first."""


class Gallery(NamedTuple):
    """The pictures of a run."""

    viewers: list[Viewer]
    left_out: list[str]
    """Files for which there was no room, or which are damaged."""

    def by_folder(self) -> dict[str, list[Viewer]]:
        """The viewers by the folder of their artifact."""
        folders: dict[str, list[Viewer]] = {}
        for viewer in self.viewers:
            folders.setdefault(viewer.folder, []).append(viewer)
        return folders


def gallery(run: Run, steps: Sequence[int] = STEPS, budget: int = BUDGET, without: Iterable[str] = ()) -> Gallery:
    """Choose pictures of a run, and read them.

    Args:
        run: The run.
        steps: How many steps of each may be shown, most first.
        budget: Bytes of all of them.
        without: Folders to leave out.
    """
    series: dict[tuple[str, str, str], list[Picture]] = {}
    for picture in sorted(run.pictures, key=_order(run)):
        if picture.folder not in {*without}:
            series.setdefault((picture.folder, picture.name, picture.path.suffix), []).append(picture)
    found = Gallery([], [])
    for (folder, name, _), pictures in _within(series, steps, budget, found.left_out).items():
        frames = [frame for picture in pictures if (frame := _frame(picture, found.left_out)) is not None]
        if frames:
            found.viewers.append(Viewer(folder, _title(run, name), pictures[0].is_animated, frames))
    return found


def _order(run: Run) -> Callable[[Picture], tuple[int, str, int]]:
    """The place of a picture's artifact in the spec, as far as it is installed, then that of its latent."""
    artifacts = run.spec.artifacts if spec_problem(run) is None else ()
    folders = {each.folder: index for index, each in enumerate(artifacts) if isinstance(each, Artifact)}
    latents = list(_latents(run))

    def place(picture: Picture) -> tuple[int, str, int]:
        code = _code(run, picture.name).partition("[")[0]
        of_code = latents.index(code) if code in latents else len(latents)
        return folders.get(picture.folder, len(folders)), picture.folder, of_code

    return place


Series = Mapping[tuple[str, str, str], Sequence[Picture]]


def _within(series: Series, steps: Sequence[int], budget: int, left_out: list[str]) -> Series:
    """As many steps of each as have room together; if the last ones alone have none, the first pictures that do."""
    chosen = series
    for count in steps:
        chosen = {key: _spread(pictures, count) for key, pictures in series.items()}
        if sum(map(_size, chosen.values())) <= budget:
            return chosen
    kept, used = {}, 0
    for key, pictures in chosen.items():
        if used + _size(pictures) > budget:
            left_out += [f"{picture.path}: there is no room" for picture in pictures]
        else:
            kept[key] = pictures
            used += _size(pictures)
    return kept


def _spread(pictures: Sequence[Picture], count: int) -> list[Picture]:
    """`count` of them, evenly spaced, with the first and the last; of one, the last."""
    if len(pictures) <= count:
        return [*pictures]
    if count == 1:
        return [pictures[-1]]
    return [pictures[round(index * (len(pictures) - 1) / (count - 1))] for index in range(count)]


def _size(pictures: Sequence[Picture]) -> int:
    return sum(picture.path.stat().st_size for picture in pictures)


def _frame(picture: Picture, left_out: list[str]) -> Frame | None:
    from PIL import Image

    try:
        with Image.open(picture.path) as opened:
            width, height = opened.size
        content = picture.path.read_bytes()
    except OSError as error:
        left_out.append(f"{picture.path}: {error}")
        return None
    return Frame(picture.step, data_uri(content, f"image/{TYPES[picture.path.suffix]}"), width, height)


def _title(run: Run, name: str) -> str:
    """What a picture is called: that of a code has the code's name too."""
    return run.code_names.title(_code(run, name))


def _code(run: Run, name: str) -> str:
    """The code in the name of a file, c[0] for c-0 (`Traversals`); a name that is of no code as it is."""
    copy = re.fullmatch(r"(.+)-(\d+)", name)
    is_copy = copy is not None and name not in _latents(run) and copy[1] in _latents(run)
    return f"{copy[1]}[{copy[2]}]" if copy is not None and is_copy else name


def _latents(run: Run) -> Mapping[str, object]:
    latents = run.fields.get("latents")
    return latents if isinstance(latents, Mapping) else {}
