"""Images with the latents that reproduce them: a table, and pictures beside the originals."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_run.core.base.errors import CodeError
from gan_run.core.images.labelled_grid import save_labelled_grid
from gan_run.core.kinds.inversion import Inversion
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model
from gan_run.encoding.sources import SourceImages
from gan_run.sampling.requests import FILE, LATENTS
from gan_run.tables import Table, write_table

PER_ROW = 8
"""Images in a row of the grid."""
STEPS = 8
"""Values of a code in a strip, unless it has categories."""


@dataclass(frozen=True)
class InvertedImages:
    """N images with the latents that reproduce them."""

    model: Model
    names: list[str]
    """The name of each."""
    originals: Tensor
    """(N, C, H, W) in [-1, 1]."""
    found: Inversion

    def write_table(self, path: Path) -> None:
        """Write the latents and errors of each image, of which `gan-run sample --codes` draws the reconstructions.

        Args:
            path: An .npz file has `latents.NAME` of every latent, (N, …). A .csv or .parquet file has a column for each
                number, such as `z[0]`, and the names of categories; vectors are not read from it.

        Raises:
            DataError: As `write_table`.
        """
        found = self.found
        table: dict[str, NDArray[Any]] = {
            FILE: np.array(self.names),
            "error.rmse": found.errors.numpy(),
            "error.start": found.start_errors.numpy(),
            "error.blind": found.blind_errors.numpy(),
        }
        if path.suffix == ".npz":
            table |= {f"{LATENTS}{name}": value.numpy() for name, value in found.values.items()}
        else:
            table |= self._numbers()
        write_table(table, path)

    def _numbers(self) -> Table:
        table: dict[str, NDArray[Any]] = {}
        for name, value in self.found.values.items():
            if self.model.latents[name].value_shape:
                table[f"{LATENTS}{name}"] = value.flatten(1).numpy()
                continue
            for dim in self.model.latents.code_dims([name]):
                numbers = self.model.latents.value_of(self.found.values, dim)
                table[str(dim)] = numbers.numpy()
                if self.model.code_names.names_values(dim):
                    titles = [self.model.code_names.value_name(dim, number) for number in numbers.tolist()]
                    table[f"{dim}.name"] = np.array(titles)
        return table

    def save_grid(self, path: Path) -> None:
        """Write a picture: the images, and below each its reconstruction. Raises DataError if they are no pictures."""
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [
            _full_row(part, min(PER_ROW, len(self.names)))
            for pair in zip(torch.split(self.originals, PER_ROW), torch.split(self.found.images, PER_ROW), strict=True)
            for part in pair
        ]
        names = ["image", "found"] * (len(rows) // 2)
        save_labelled_grid(torch.cat(rows), path, columns=len(rows[0]), row_names=names)

    def write_strips(self, folder: Path) -> list[Path]:
        """Write a picture for each image: the image, its reconstruction, and this with each code turned.

        Args:
            folder: The folder; `folder/NAME.png` is written.

        Returns:
            The files.

        Raises:
            CodeError: There is no code and no condition that could be turned.
            DataError: The images are no pictures.
        """
        dims = self._turned()
        files = []
        for row, name in enumerate(self.names):
            target = folder / (name if name.endswith(".png") else f"{name}.png")
            target.parent.mkdir(parents=True, exist_ok=True)
            self._save_strips(row, dims, target)
            files.append(target)
        return files

    def _save_strips(self, row: int, dims: list[CodeDim], path: Path) -> None:
        beside = torch.stack([self.originals[row], self.found.images[row]])
        strips = [torch.cat([beside, self._turn(row, dim)]) for dim in dims]
        columns = max(map(len, strips))
        save_labelled_grid(
            torch.cat([_full_row(strip, columns) for strip in strips]),
            path,
            columns=columns,
            column_names=["image", "found"],
            row_names=[self._row_name(dim) for dim in dims],
            title="then each code turned, all else held",
        )

    def _turn(self, row: int, dim: CodeDim) -> Tensor:
        """The reconstruction of one image with the values of a code."""
        values = self.model.latents[dim.name].traversal_values(STEPS).cpu()
        held = {
            name: value[row : row + 1].expand(len(values), *value.shape[1:])
            for name, value in self.found.values.items()
        }
        return self.model.generate(self.model.latents.with_value(held, dim, values))

    def _row_name(self, dim: CodeDim) -> str:
        names, values = self.model.code_names, self.model.latents[dim.name].traversal_values(STEPS).tolist()
        return f"{names.title(dim)}: {names.value_title(dim, values[0])} to {names.value_title(dim, values[-1])}"

    def _turned(self) -> list[CodeDim]:
        """The codes, and the conditions that are numbers."""
        latents = self.model.latents
        conditions = (name for name in latents if latents[name].is_observed)
        names = [name for name in dict.fromkeys((*self.model.codes, *conditions)) if latents[name].posterior_width]
        dims = latents.code_dims(name for name in names if not latents[name].value_shape)
        if not dims:
            raise CodeError("this run has no code or condition that could be turned in strips")
        return dims


def invert_images(
    model: Model, images: SourceImages, first: int | None, steps: int, seed: int, blind: bool
) -> InvertedImages:
    """Find the latents of images.

    Args:
        model: The model.
        images: The images.
        first: How many of them; None for all.
        steps: As for `Model.invert`.
        seed: Likewise.
        blind: Likewise.

    Raises:
        DataError: The images cannot be read.
    """
    names = list(images.names[:first])
    originals = images.read(torch.arange(len(names)))
    return InvertedImages(model, names, originals, model.invert(originals, steps=steps, seed=seed, blind=blind))


def _full_row(images: Tensor, columns: int) -> Tensor:
    """The images of a row, filled up with white."""
    return torch.cat([images, images.new_ones(columns - len(images), *images.shape[1:])])
