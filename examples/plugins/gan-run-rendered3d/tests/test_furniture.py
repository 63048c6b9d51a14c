import zipfile
from pathlib import Path

import numpy as np
import pytest
from gan_run_rendered3d.furniture import Entry, Library, read_entries
from gan_run_rendered3d.keeping import Credit
from gan_run_rendered3d.models import read_model

from gan_run import DataError

BOX = Entry("Toys", "/toys/box/box.obj", "Jane", "CC0-1.0")
LYING = Entry("Toys", "/toys/lying/lying.obj", "José", "CC-BY-3.0")


def test_a_model_is_centred_within_the_unit_sphere_and_glass_is_left_out(furniture: Path) -> None:
    triangles, colours = read_model(Library(furniture / "Toys.sh3f"), BOX)
    assert len(triangles) == 12
    points = triangles.reshape(-1, 3)
    half = 1 / np.sqrt(3)  # of a cube whose corners are on the sphere
    np.testing.assert_allclose([points.min(axis=0), points.max(axis=0)], [[-half] * 3, [half] * 3], atol=1e-7)
    np.testing.assert_allclose(colours, [[1, 0, 0]] * 12)


def test_a_model_is_set_upright_and_coloured_by_its_texture(furniture: Path) -> None:
    triangles, colours = read_model(Library(furniture / "Toys.sh3f"), LYING)
    size = np.ptp(triangles.reshape(-1, 3), axis=0)
    np.testing.assert_allclose(size / size[0], [1, 2, 1])  # it lay along z, and stands along y
    np.testing.assert_allclose(colours, [[0, 1, 0]] * 12)


def test_a_mesh_of_other_proportions_than_the_catalogue_says_is_stretched(furniture: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(furniture / "Toys.sh3f") as old, zipfile.ZipFile(tmp_path / "Wide.sh3f", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"width#1=100", b"width#1=300"))
    triangles, _ = read_model(Library(tmp_path / "Wide.sh3f"), BOX)
    size = np.ptp(triangles.reshape(-1, 3), axis=0)
    np.testing.assert_allclose(size / size[1], [3, 1, 1])


def test_who_made_a_model(furniture: Path) -> None:
    credit = Library(furniture / "Toys.sh3f").credit(LYING)
    assert credit == Credit("Fauteuil couché", "José", "CC-BY-3.0", "Toys/toys/lying/lying.obj")


def test_the_table_in_the_package_lists_57_chairs_with_their_licences() -> None:
    entries = read_entries(None)
    assert len(entries) == len(set(entries)) == 57
    assert {entry.licence for entry in entries} == {"CC0-1.0", "CC-BY-3.0", "CC-BY-3.0-US"}


def test_a_library_that_is_absent_says_what_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="sweethome3d-furniture"):
        Library(tmp_path / "Toys.sh3f")


def test_a_truncated_library_is_a_clear_error(furniture: Path) -> None:
    path = furniture / "Toys.sh3f"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match=r"Toys\.sh3f is not a complete furniture library"):
        Library(path)


def test_a_model_that_the_library_lacks_is_named(furniture: Path) -> None:
    with pytest.raises(DataError, match=r"has no model /toys/throne\.obj"):
        read_model(Library(furniture / "Toys.sh3f"), BOX._replace(model="/toys/throne.obj"))


@pytest.mark.parametrize(("text", "message"), [("library\tmodel\nToys\t/x.obj\n", "columns"), (None, "cannot be read")])
def test_a_table_of_models_that_is_none(tmp_path: Path, text: str | None, message: str) -> None:
    table = tmp_path / "models.tsv"
    if text is not None:
        table.write_text(text)
    with pytest.raises(DataError, match=message):
        read_entries(table)
