"""The logger `tensorboard`."""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Literal

from gan_run import RunStarted
from gan_run.plugins.training.loggers.flat_spec import parameters
from gan_run.plugins.training.loggers.logger import End, Logger, LogRun, import_tool


class TensorBoard(Logger):
    """Writes event files to `tensorboard/` of the run folder: `tensorboard --logdir runs` shows all runs."""

    replaces_points: ClassVar[bool] = True
    type: Literal["tensorboard"] = "tensorboard"

    @property
    def place(self) -> str:
        return "tensorboard"

    def load(self) -> ModuleType:
        return import_tool("torch.utils.tensorboard", "tensorboard")

    def open(self, tool: ModuleType, event: RunStarted, run: str | None) -> LogRun:
        # Of a resumed run, TensorBoard drops the points after the step that it is resumed from.
        purge = event.step + 1 if event.step else None
        writer = tool.SummaryWriter(str(event.folder / "tensorboard"), purge_step=purge)
        return EventFile(writer, event)


class EventFile(LogRun):
    """The event file of one stretch of training."""

    def __init__(self, writer: Any, event: RunStarted) -> None:  # a SummaryWriter, which has no types
        from torch.utils.tensorboard.summary import hparams

        self._writer = writer
        # Without a list of metrics in the file, TensorBoard compares by all scalars.
        _, start, self._end = hparams(parameters(event.spec), {})  # type: ignore[no-untyped-call]
        writer.file_writer.add_summary(start)
        writer.add_text("group", event.group, event.step)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def picture(self, name: str, file: Path, step: int) -> None:
        import numpy as np
        from PIL import Image

        with Image.open(file) as opened:
            pixels = np.asarray(opened.convert("RGB"))
        self._writer.add_image(name, pixels, step, dataformats="HWC")

    def text(self, name: str, text: str, step: int) -> None:
        self._writer.add_text(name, text, step)

    def close(self, end: End) -> None:
        if end == "finished":
            self._writer.file_writer.add_summary(self._end)
        self._writer.close()
