"""Reads Sweet Home 3D's furniture libraries: zips of OBJ models with a catalogue of names, sizes and rotations."""

import configparser
import csv
import io
import zipfile
import zlib
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from gan_run import DataError
from gan_run_rendered3d.keeping import Credit

CATALOGUE = "PluginFurnitureCatalog.properties"
HOW_TO_FETCH = (
    "install the Debian package sweethome3d-furniture, or unpack it with dpkg-deb -x, or fetch the libraries from "
    "sweethome3d.com; data.furniture is the folder of the .sh3f files"
)


class Entry(NamedTuple):
    """One line of a table of models."""

    library: str
    """The name of the .sh3f file without its suffix."""
    model: str
    """Path of the OBJ file in the library, as in its catalogue."""
    author: str
    licence: str


def read_entries(table: Path | None) -> list[Entry]:
    """Read a table of the models to render.

    Args:
        table: A tab-separated file with the columns library, model, author, licence; None for the table in the package,
            which leaves out models without a front (stools without a back) and models that are not chairs.

    Returns:
        One entry per row.

    Raises:
        DataError: The table cannot be read or lacks a column.
    """
    try:
        text = (table or resources.files(__package__) / "chairs.tsv").read_text(encoding="utf-8")
        return [Entry(**row) for row in csv.DictReader(io.StringIO(text), delimiter="\t")]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"data.models: {table} cannot be read ({error})") from None
    except TypeError:
        raise DataError(
            f"data.models: {table} needs the columns {', '.join(Entry._fields)}, separated by tabs"
        ) from None


class Library:
    """One .sh3f file. Its methods raise DataError if the file is missing or damaged, or lacks a model."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise DataError(f"data.furniture: {path} is missing: {HOW_TO_FETCH}")
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
            catalogue = self._zip.read(CATALOGUE).decode("latin-1")
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} is not a complete furniture library ({error}): {HOW_TO_FETCH}") from None
        parser = configparser.RawConfigParser(
            delimiters=("=",), comment_prefixes=("#",), strict=False, allow_no_value=True
        )
        parser.read_string(f"[catalogue]\n{catalogue}")
        self._catalogue = {key: value or "" for key, value in parser["catalogue"].items()}
        self._numbers = {
            value: key.partition("#")[2] for key, value in self._catalogue.items() if key.startswith("model#")
        }

    def credit(self, entry: Entry) -> Credit:
        return Credit(self._property("name", entry), entry.author, entry.licence, f"{entry.library}{entry.model}")

    def stated_size(self, entry: Entry) -> tuple[float, float, float]:
        """Width, height and depth in the catalogue, in centimetres."""
        width, height, depth = (float(self._property(side, entry)) for side in ("width", "height", "depth"))
        return width, height, depth

    def rotation(self, entry: Entry) -> list[float] | None:
        """The rotation matrix that sets the model upright, nine numbers row by row; None if it is upright."""
        rotation = self._catalogue.get(f"modelrotation#{self._number(entry)}")
        return None if rotation is None else [float(number) for number in rotation.split()]

    def files(self, entry: Entry) -> dict[str, bytes]:
        """The contents of the model's file and of those beside it (materials, textures), by name."""
        self._number(entry)  # raises for a model that the catalogue does not list
        folder = PurePosixPath(entry.model.lstrip("/")).parent
        names = [PurePosixPath(name) for name in self._zip.namelist() if not name.endswith("/")]
        try:
            return {name.name: self._zip.read(str(name)) for name in names if name.parent == folder}
        except (OSError, zipfile.BadZipFile, zlib.error) as error:
            raise DataError(f"{self._path}: {entry.model} cannot be read ({error})") from None

    def _number(self, entry: Entry) -> str:
        if entry.model not in self._numbers:
            raise DataError(f"{self._path} has no model {entry.model}: is it version 1.8?")
        return self._numbers[entry.model]

    def _property(self, name: str, entry: Entry) -> str:
        key = f"{name}#{self._number(entry)}"
        if key not in self._catalogue:
            raise DataError(f"{self._path}: the catalogue has no {name} of {entry.model}")
        return self._catalogue[key]
