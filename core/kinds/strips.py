"""Strips of images in which one code changes and everything else is fixed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from gan_run.core.base.data_uri import data_uri
from gan_run.core.images.labelled_grid import save_labelled_grid
from gan_run.core.kinds.latent_module import Values
from gan_run.core.kinds.latent_space import CodeDim

if TYPE_CHECKING:
    from gan_run.core.kinds.model import Model


@dataclass(frozen=True, repr=False)
class Strip:
    """Images in which one code changes from column to column; each row has noise of its own. A notebook shows it.

    Attributes:
        title: The code, with its name if it has one.
        values: The values of the code, (G,).
        value_titles: What they are called: the names of categories, or numbers.
        images: The images, float (R, G, C, H, W) in [-1, 1].
        channels: The channels that a picture shows as red, green and blue; None for the first three.
    """

    title: str
    values: Tensor
    value_titles: tuple[str, ...]
    images: Tensor
    channels: Sequence[int] | None = None

    def __repr__(self) -> str:
        rows, columns = self.images.shape[:2]
        return f"Strip of {self.title}: {rows} rows of {columns} images"

    def save(self, path: Path | str) -> None:
        """Write the strip as a PNG.

        Args:
            path: The file.

        Raises:
            DataError: The images are no pictures, or have no such channel.
        """
        self._write(Path(path))

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self._write(buffer)
        return buffer.getvalue()

    def _write(self, target: Path | BytesIO) -> None:
        save_labelled_grid(
            self.images.flatten(end_dim=1),
            target,
            columns=len(self.values),
            channels=self.channels,
            column_names=self.value_titles,
            title=self.title,
            row_title="noise",
        )


class Strips(Mapping[str, Strip]):
    """A strip of each of several codes, by `str(CodeDim)`: `c1`, or `c[0]` for a copy. A notebook shows all of them.

    Args:
        strips: The strips.
    """

    def __init__(self, strips: Mapping[str, Strip]) -> None:
        self._strips = dict(strips)

    def __getitem__(self, code: str) -> Strip:
        return self._strips[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._strips)

    def __len__(self) -> int:
        return len(self._strips)

    def __repr__(self) -> str:
        return f"Strips of {', '.join(self)}"

    def _repr_html_(self) -> str:
        return "".join(map(_as_html, self.values()))


def strip_of(
    model: "Model",
    held: Values,
    code_dim: CodeDim,
    values: Tensor,
    channels: Sequence[int] | None = None,
    options: Mapping[str, float] | None = None,
) -> Strip:
    """Generate a strip.

    Args:
        model: The model.
        held: Values of every latent, one of each for a row: (R,) or (R, count).
        code_dim: The code that changes.
        values: Its values (G,).
        channels: The channels that pictures show.
        options: Sampling options of the generator.
    """
    row_count, columns = len(next(iter(held.values()))), len(values)
    rows = {name: value.repeat_interleave(columns, dim=0) for name, value in held.items()}
    images = model.generate(model.latents.with_value(rows, code_dim, values.repeat(row_count)), options)
    titles = tuple(model.code_names.value_title(code_dim, value) for value in values.tolist())
    return Strip(
        model.code_names.title(code_dim), values, titles, images.view(row_count, columns, *images.shape[1:]), channels
    )


def _as_html(strip: Strip) -> str:
    return f'<p><img src="{data_uri(strip._repr_png_(), "image/png")}" alt="{escape(repr(strip))}"></p>'
