"""Strips in which one code is turned and all else is held (Chen et al. 2016, figures 2 to 6)."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from torch import Tensor

from gan_run import Artifact, CodeDim, Model, Problem, SpecView, Splits, Values
from gan_run.plugins.pictures.standard.animation import save_gif
from gan_run.plugins.pictures.standard.samples import GAP, image_grid, magnification

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 100
LEFT, RIGHT, TOP, BOTTOM = 24, 8, 8, 40
"""Margins in pixels, with room for the labels."""


class Traversal(Artifact):
    """One picture per code: from left to right the code is turned, and each row keeps its own noise. With `frames`, a
    GIF per code, too, in which every row of the picture is an image that moves."""

    type: Literal["traversal"] = "traversal"
    codes: tuple[str, ...] | None = Field(
        default=None, description="Latents to turn, or copies: c[1]. All codes by default."
    )
    low: float | None = Field(default=None, description="Where real-valued codes begin; by default their own range.")
    high: float | None = Field(default=None, description="Where they end.")
    steps: int = Field(default=10, ge=2, description="Columns, where a code does not have its own number of values.")
    rows: int = Field(default=5, ge=1, description="Of images, each with noise of its own that is held.")
    frames: int | None = Field(
        default=None, ge=2, description="Frames of a GIF, where a code does not have its own number of values."
    )

    @property
    def folder(self) -> str:
        return "traversals"

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for index, code in enumerate(self.codes or ()):
            yield from spec.check_code(code, "codes", index)

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        held = model.sample_latents(self.rows)  # the same for every code, so that its picture compares with the others'
        paths = []
        for code_dim in model.latents.code_dims(model.codes if self.codes is None else self.codes):
            latent, target = (
                model.latents[code_dim.name],
                stem.with_name(f"{stem.name}-{_in_file_name(code_dim, model.latents)}.png"),
            )
            grid = latent.traversal_values(self.steps, self.low, self.high)
            # Without a date or version in the file, the same images are the same bytes.
            strip = _strip(
                _turned(model, held, code_dim, grid),
                [model.labels.value_title(code_dim, value) for value in grid.tolist()],
                model.labels.title(code_dim),
            )
            strip.savefig(target, metadata={"Software": None})
            paths.append(target)
            if self.frames is not None:
                grid = latent.traversal_values(self.frames, self.low, self.high)
                images = _turned(model, held, code_dim, grid)
                by_value = images.view(self.rows, len(grid), *images.shape[1:]).transpose(0, 1)
                frames = [image_grid(of_value, columns=self.rows) for of_value in by_value]
                paths.append(target.with_suffix(".gif"))
                # Categories have no order to go back in, and an angle comes round by itself.
                save_gif(frames, paths[-1], come_back=latent.cardinality is None and latent.period is None)
        return paths


def _turned(model: Model, held: Values, code_dim: CodeDim, grid: Tensor) -> Tensor:
    """Images in which each row of `held` (R) goes through the values of `grid` (G), (R * G, C, H, W) row by row."""
    rows = {name: value.repeat_interleave(len(grid), dim=0) for name, value in held.items()}
    repeated = grid.repeat(len(next(iter(held.values()))))
    return model.generate(model.latents.with_value(rows, code_dim, repeated))


def _in_file_name(code_dim: CodeDim, latents: Iterable[str]) -> str:
    """`c`, or `c-0` for a copy; `c[0]`, which no latent can be called, where `c-0` is another latent."""
    plain = code_dim.name if code_dim.copy is None else f"{code_dim.name}-{code_dim.copy}"
    return str(code_dim) if code_dim.copy is not None and plain in set(latents) else plain


def _strip(images: Tensor, values: list[str], title: str) -> "Figure":
    """Images row by row, one column per value, with the values and the code's name below."""
    # pyplot would keep every figure and choose a window system; and matplotlib is slow to import.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pixels = image_grid(images, columns=len(values))
    height, width = pixels.shape[1:]
    whole_width, whole_height = width + LEFT + RIGHT, height + TOP + BOTTOM
    figure = Figure(figsize=(whole_width / DPI, whole_height / DPI), dpi=DPI)
    FigureCanvasAgg(figure)

    # One pixel of the grid is one pixel of the picture, so that nothing is blurred.
    box = (LEFT / whole_width, BOTTOM / whole_height, width / whole_width, height / whole_height)
    axes = figure.add_axes(box, frameon=False)
    axes.imshow(pixels.permute(1, 2, 0).numpy(), interpolation="nearest", aspect="auto")

    cell = images.shape[3] * magnification(images)
    centres = [GAP + cell / 2 + column * (cell + GAP) for column in range(len(values))]
    axes.set_xticks(centres, values, fontsize=8)
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.set_xlabel(title)
    axes.set_ylabel("noise")
    return figure
