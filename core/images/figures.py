"""Figures of matplotlib: names in them are text, and equal content gives equal bytes."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gan_run.core.base.system_errors import naming

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@contextmanager
def new_figure(
    width: float, height: float, dpi: float, layout: Literal["constrained"] | None = None
) -> "Iterator[Figure]":
    """A context in which a figure is drawn and saved.

    Args:
        width: In inches.
        height: In inches.
        dpi: Pixels per inch.
        layout: matplotlib's layout engine; None for none.

    Returns:
        The figure. A `$` in a name begins no formula, and a character that the font lacks is drawn as a box.
    """
    # matplotlib is slow to import; its pyplot keeps every figure and chooses a window system.
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width, height), dpi=dpi, layout=layout)
        FigureCanvasAgg(figure)
        yield figure


def save_figure(figure: "Figure", target: Path | BytesIO, file_format: str = "png") -> None:
    """Write a figure; equal ones give equal bytes.

    Args:
        figure: The figure.
        target: The file, or a buffer.
        file_format: The format, by its suffix.

    Raises:
        OSError: The file cannot be written.
    """
    content = BytesIO() if isinstance(target, Path) else target
    # Without a version in the file. Other formats than PNG have other fields.
    metadata = {"Software": None} if file_format == "png" else None
    figure.savefig(content, format=file_format, metadata=metadata)
    if isinstance(target, Path):
        with naming(target):
            target.write_bytes(content.getvalue())
