"""Off-screen rendering of meshes with VTK, through Mesa if there is no display and no graphics card."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

OVERSAMPLING = 4
"""Each pixel is the mean of OVERSAMPLING**2 rendered ones."""


Point = tuple[float, float, float]


class Lens(NamedTuple):
    """The distance of the camera from the origin, and its angle of view in degrees."""

    distance: float
    angle: float


class Studio:
    """A scene with a camera that orbits the origin. The front of a model is +z, up is +y."""

    def __init__(self, size: int, lens: Lens, background: str) -> None:
        self._size = size
        self._lens = lens
        side = size * OVERSAMPLING
        self._plotter = pv.Plotter(off_screen=True, window_size=[side, side], lighting="none")
        self._plotter.set_background(background)
        self._plotter.camera.view_angle = lens.angle
        self._plotter.camera.up = (0, 1, 0)
        self._plotter.camera.focal_point = (0, 0, 0)

    @contextmanager
    def lamp(self, position: Point, intensity: float, *, follows: bool) -> Iterator[None]:
        """Within, a light that shines at the origin. With `follows`, its position is in camera coordinates."""
        lamp = pv.Light(light_type="camera light" if follows else "scene light", intensity=intensity)
        lamp.position = position
        lamp.focal_point = (0, 0, 0)
        self._plotter.add_light(lamp)
        yield
        self._plotter.renderer.RemoveLight(lamp)

    @contextmanager
    def model(self, mesh: pv.PolyData, ambient: float, diffuse: float, **look: object) -> Iterator[None]:
        """Within, a mesh in the scene; `look` are further arguments of pyvista's `add_mesh`."""
        actor = self._plotter.add_mesh(mesh, ambient=ambient, diffuse=diffuse, **look)
        yield
        self._plotter.remove_actor(actor)  # not clear(), which removes the lights too

    def close(self) -> None:
        """Close the render window."""
        self._plotter.close()

    def shoot(self, azimuth: float, elevation: float) -> NDArray[np.uint8]:
        """Render the scene from an azimuth and elevation in degrees: uint8 (H, W, 3)."""
        around, up = np.radians(azimuth), np.radians(elevation)
        direction = np.array([np.cos(up) * np.sin(around), np.sin(up), np.cos(up) * np.cos(around)])
        self._plotter.camera.position = tuple(self._lens.distance * direction)
        self._plotter.camera.clipping_range = (self._lens.distance / 2, self._lens.distance * 3 / 2)
        self._plotter.render_window.Render()  # a screenshot alone shows the previous view
        fine = np.asarray(self._plotter.screenshot(return_img=True), dtype=np.float64)
        size = self._size
        pixels: NDArray[np.float64] = fine.reshape(size, OVERSAMPLING, size, OVERSAMPLING, 3).mean(axis=(1, 3))
        return pixels.round().astype(np.uint8)


def coloured(triangles: NDArray[np.float64], colours: NDArray[np.float64]) -> pv.PolyData:
    """A mesh of triangles (F, 3, 3) with one colour each, (F, 3) in [0, 1]. Colours are scaled to [0.12, 0.95], so that
    shading is visible on black and white faces."""
    corners = np.arange(3 * len(triangles)).reshape(-1, 3)
    mesh = pv.PolyData.from_regular_faces(triangles.reshape(-1, 3), corners)
    mesh.cell_data["colour"] = ((0.12 + 0.83 * colours) * 255).round().astype(np.uint8)
    return mesh


def surface(points: NDArray[np.float64], triangles: NDArray[np.int64]) -> pv.PolyData:
    """A mesh of points (V, 3) and triangles (F, 3), with normals for smooth shading."""
    mesh = pv.PolyData.from_regular_faces(points, triangles)
    return mesh.compute_normals(cell_normals=False, split_vertices=False, consistent_normals=False)


@contextmanager
def open_studio(size: int, lens: Lens, background: str) -> Iterator[Studio]:
    """Within, a scene without lights; closed afterwards."""
    if sys.platform == "linux" and "DISPLAY" not in os.environ:
        # VTK finds this by itself, but warns about the missing display first.
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    studio = Studio(size, lens, background)
    try:
        yield studio
    finally:
        studio.close()
