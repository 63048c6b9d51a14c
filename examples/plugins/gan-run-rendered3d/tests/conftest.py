import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CATALOGUE = """\
# a comment
id=Toys
name=Toys
dropOnTopElevation#-1
name#1=Box chair
model#1=/toys/box/box.obj
width#1=100
height#1=100
depth#1=100
name#2=Fauteuil couch\xe9
model#2=/toys/lying/lying.obj
width#2=100
height#2=200
depth#2=100
modelRotation#2=1 0 0 0 0 1 0 -1 0
"""
MATERIALS = """\
newmtl red
Kd 1 0 0
d 1
newmtl glass
Kd 0 0 1
d 0.01
newmtl cloth
Kd 0 0 0
map_Kd cloth.png
"""


def box(low: tuple[float, ...], high: tuple[float, ...]) -> tuple[str, list[tuple[int, ...]]]:
    corners = [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    faces = [(1, 2, 4, 3), (5, 7, 8, 6), (1, 5, 6, 2), (3, 4, 8, 7), (1, 3, 7, 5), (2, 6, 8, 4)]
    return "".join(f"v {x} {y} {z}\n" for x, y, z in corners), faces


def obj(*parts: tuple[str, tuple[float, ...], tuple[float, ...]]) -> str:
    text, start = "mtllib materials.mtl\n", 0
    for material, low, high in parts:
        points, faces = box(low, high)
        # All of a part shows the point of its texture that is a quarter from the left.
        text += f"{points}vt 0.25 0.5\nusemtl {material}\n"
        text += "".join("f " + " ".join(f"{start + corner}/1" for corner in face) + "\n" for face in faces)
        start += 8
    return text


@pytest.fixture(scope="session")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one library of two models: a red cube under glass, and a cloth bar that lies on its back."""
    folder = tmp_path_factory.mktemp("toys")
    cloth = tmp_path_factory.mktemp("textures") / "cloth.png"
    pattern = np.zeros((8, 8, 3), dtype=np.uint8)
    pattern[:, :4, 1] = 255  # green on the left, black on the right
    Image.fromarray(pattern).save(cloth)
    with zipfile.ZipFile(folder / "Toys.sh3f", "w") as library:
        library.writestr("PluginFurnitureCatalog.properties", CATALOGUE.encode("latin-1"))
        library.writestr("toys/box/box.obj", obj(("red", (0, 0, 0), (2, 2, 2)), ("glass", (0, 0, 0), (2, 9, 2))))
        library.writestr("toys/box/materials.mtl", MATERIALS)
        library.writestr("toys/lying/lying.obj", obj(("cloth", (0, 0, 0), (1, 1, 2))))
        library.writestr("toys/lying/materials.mtl", MATERIALS)
        library.write(cloth, "toys/lying/cloth.png")
    return folder


@pytest.fixture
def furniture(toys: Path, tmp_path: Path) -> Path:
    """The folder of `toys`, for one test."""
    return shutil.copytree(toys, tmp_path / "furniture")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of both models."""
    table = tmp_path_factory.mktemp("models") / "models.tsv"
    table.write_text(
        "library\tmodel\tauthor\tlicence\n"
        "Toys\t/toys/box/box.obj\tJane\tCC0-1.0\n"
        "Toys\t/toys/lying/lying.obj\tJosé\tCC-BY-3.0\n",
        encoding="utf-8",
    )
    return table
