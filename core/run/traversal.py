"""Strips of images in which one code changes and everything else is held (Chen et al. 2016, figures 2 to 6)."""

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from torch import Tensor

from gan_run.core.base.errors import CodeError
from gan_run.core.base.system_errors import naming
from gan_run.core.images.grid import check_grid, image_grid
from gan_run.core.kinds.latent_module import Values
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.strips import strip_of

MILLISECONDS = 80
"""How long a frame of a GIF is shown."""


@dataclass(frozen=True, kw_only=True)
class Traversals:
    """How codes are traversed.

    Attributes:
        codes: Latents, or copies of one: `c[1]`. None for all that the model encodes.
        low: The first value of a real-valued code; None for the code's own range.
        high: The last value.
        steps: Values of a code that does not have its own number of values.
        rows: Rows of a strip, each with noise of its own.
        frames: Values of a code in a GIF; None for no GIF.
        channels: The channels that are shown as red, green and blue; None for the first three.
        options: Sampling options of the generator.
    """

    codes: Sequence[str] | None = None
    low: float | None = None
    high: float | None = None
    steps: int = 10
    rows: int = 5
    frames: int | None = None
    channels: Sequence[int] | None = None
    options: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, number in (("low", self.low), ("high", self.high)):
            if number is not None and not math.isfinite(number):
                raise CodeError(f"{name} has to be a finite number, not {number:g}")

    def render(self, model: Model, stem: Path) -> list[Path]:
        """Write a strip, and a GIF if `frames` is given, for each code.

        Args:
            model: The model that generates the images. Noise is drawn from torch's global stream, and is the same for
                every code, so that the strips can be compared.
            stem: The beginning of each file's name; `-CODE.png` or `-CODE.gif` is appended.

        Returns:
            The files.

        Raises:
            DataError: The images are no pictures, have no such channel, or there would be too many of them.
        """
        code_dims = model.latents.code_dims(model.codes if self.codes is None else self.codes)
        self._check_size(model, code_dims)
        held = model.sample_latents(self.rows)
        paths = []
        for code_dim in code_dims:
            target = stem.with_name(f"{stem.name}-{file_name_of(code_dim, tuple(model.latents))}")
            paths.append(self._save_strip(model, held, code_dim, target.with_name(f"{target.name}.png")))
            if self.frames is not None:
                paths.append(self._save_gif(model, held, code_dim, target.with_name(f"{target.name}.gif"), self.frames))
        return paths

    def _check_size(self, model: Model, code_dims: Sequence[CodeDim]) -> None:
        """Refuse a strip or a GIF of too many images, before they are drawn. Raises DataError."""
        for code_dim in code_dims:
            for steps in filter(None, (self.steps, self.frames)):
                count = model.latents[code_dim.name].cardinality or steps
                check_grid(model.image, count * self.rows, count)

    def _save_strip(self, model: Model, held: Values, code_dim: CodeDim, path: Path) -> Path:
        values = model.latents[code_dim.name].traversal_values(self.steps, self.low, self.high)
        strip_of(model, held, code_dim, values, self.channels, self.options).save(path)
        return path

    def _save_gif(self, model: Model, held: Values, code_dim: CodeDim, path: Path, count: int) -> Path:
        latent = model.latents[code_dim.name]
        values = latent.traversal_values(count, self.low, self.high)
        by_value = strip_of(model, held, code_dim, values, options=self.options).images.transpose(0, 1)
        # Categories have no order to return in, and an angle returns to its first value by itself.
        returns = latent.cardinality is None and latent.period is None
        _save_animation([image_grid(row, self.rows, self.channels) for row in by_value], path, returns)
        return path


def file_name_of(code_dim: CodeDim, latents: Container[str]) -> str:
    """What files of a code are called: `c`, or `c-0` for a copy; `c[0]`, which is no latent's name, where another one
    is called `c-0`."""
    plain = code_dim.name if code_dim.copy is None else f"{code_dim.name}-{code_dim.copy}"
    return plain if code_dim.copy is None or plain not in latents else str(code_dim)


def _save_animation(frames: list[Tensor], path: Path, returns: bool) -> None:
    """Write frames, uint8 (3, H, W), as an endless GIF; with `returns` it goes back through them to the first."""
    from PIL import Image

    pictures = [Image.fromarray(frame.permute(1, 2, 0).numpy()) for frame in frames]
    if returns:
        pictures += pictures[-2:0:-1]
    first, *rest = pictures
    content = BytesIO()
    first.save(content, format="GIF", save_all=True, append_images=rest, duration=MILLISECONDS, loop=0)
    with naming(path):
        path.write_bytes(content.getvalue())
