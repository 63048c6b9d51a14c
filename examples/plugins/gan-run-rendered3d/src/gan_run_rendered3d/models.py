"""Models of a furniture library as coloured triangles, normalised in size and orientation."""

import io
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
import trimesh
from numpy.typing import NDArray
from trimesh.resolvers import ZipResolver
from trimesh.visual.color import uv_to_interpolated_color
from trimesh.visual.material import SimpleMaterial
from trimesh.visual.texture import TextureVisuals

from gan_run import DataError
from gan_run_rendered3d.furniture import Entry, Library

MOST_TRANSPARENT = 0.05
"""Parts with a lower opacity are left out."""
MOST_DISTORTED = 0.1
"""Largest relative difference between the proportions of a mesh and those in the catalogue; a mesh beyond it is
stretched to the catalogue's."""


class Coloured(NamedTuple):
    """Triangles (F, 3, 3) and their colours (F, 3) in [0, 1]."""

    triangles: NDArray[np.float64]
    colours: NDArray[np.float64]


def read_model(library: Library, entry: Entry) -> Coloured:
    """Read a model.

    Args:
        library: The library that has it.
        entry: Which model.

    Returns:
        The model upright, its front to +z, centred at the origin, within the unit sphere.

    Raises:
        DataError: The model is missing or damaged.
    """
    triangles, colours = _read(library.files(entry), PurePosixPath(entry.model).name)
    rotation = library.rotation(entry)
    if rotation is not None:
        triangles = triangles @ np.reshape(rotation, (3, 3)).T
    return Coloured(_fit(triangles, np.array(library.stated_size(entry))), colours)


def _read(files: dict[str, bytes], name: str) -> Coloured:
    if name not in files:
        raise DataError(f"{name} is missing among {', '.join(sorted(files)) or 'no files'}: fetch the library again")
    beside = ZipResolver({other: io.BytesIO(content) for other, content in files.items()})
    scene = trimesh.load_scene(io.BytesIO(files[name]), file_type="obj", resolver=beside, process=False)
    parts = [part for part in scene.geometry.values() if _opacity(part) >= MOST_TRANSPARENT]
    triangles = np.concatenate([part.triangles for part in parts])
    return Coloured(triangles, np.concatenate([_colours(part) for part in parts]))


def _opacity(part: trimesh.Trimesh) -> float:
    material, _ = _material(part)
    return float((material.kwargs.get("d") or ["1"])[0])


def _colours(part: trimesh.Trimesh) -> NDArray[np.float64]:
    """The colour (F, 3) of each face: its material's diffuse colour, or its texture's mean at corners and centre."""
    material, uv = _material(part)
    if material.image is None or uv is None:
        return np.tile(np.asarray(material.diffuse[:3], dtype=np.float64) / 255, (len(part.faces), 1))
    corners = uv[part.faces]
    places = np.concatenate([corners, corners.mean(axis=1, keepdims=True)], axis=1)
    found = uv_to_interpolated_color(places.reshape(-1, 2), material.image)[:, :3].reshape(len(part.faces), -1, 3)
    return np.asarray(found.mean(axis=1) / 255, dtype=np.float64)


def _material(part: trimesh.Trimesh) -> tuple[SimpleMaterial, NDArray[np.float64] | None]:
    """The material of a part, and the texture coordinates of its points, if any."""
    assert isinstance(part.visual, TextureVisuals), "trimesh gives every part of an OBJ file a material"
    assert isinstance(part.visual.material, SimpleMaterial)
    return part.visual.material, part.visual.uv


def _fit(triangles: NDArray[np.float64], stated: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale and centre triangles into the unit sphere, with the proportions `stated` if theirs differ too much."""
    size = np.ptp(triangles.reshape(-1, 3), axis=0)
    wrong = (stated / stated.max()) / (size / size.max())
    if (abs(wrong - 1) > MOST_DISTORTED).any():
        triangles = triangles * (stated / size)
    points = triangles.reshape(-1, 3)
    triangles = triangles - (points.min(axis=0) + points.max(axis=0)) / 2
    fitted: NDArray[np.float64] = triangles / np.linalg.norm(triangles, axis=-1).max()
    return fitted
