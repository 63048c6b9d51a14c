"""A callback."""

from typing import Literal

from pydantic import Field

from gan_run import Callback, DeclaredCallback, MetricMeasured, RunStarted, StepLogged


class Mine(DeclaredCallback):
    """Writes every logged number to a CSV file in the run folder."""

    type: Literal["mine"] = "mine"
    file: str = Field(default="numbers.csv", description="The file's name.")

    def build(self) -> Callback:
        return MineCallback(self.file)


class MineCallback(Callback):
    """Adds a row STEP,NAME,VALUE for each number."""

    def __init__(self, file: str) -> None:
        self._file = file

    def run_started(self, event: RunStarted) -> None:
        """Drop the rows that a resumed run will write again."""
        file = event.folder / self._file
        rows = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
        file.write_text("".join(row for row in rows if int(row.split(",")[0]) <= event.step), encoding="utf-8")

    def step_logged(self, event: StepLogged) -> None:
        with (event.folder / self._file).open("a", encoding="utf-8") as file:
            for name, value in event.scalars.items():
                file.write(f"{event.step},{name},{value}\n")

    def metric_measured(self, event: MetricMeasured) -> None:
        with (event.folder / self._file).open("a", encoding="utf-8") as file:
            for name, value in event.headline.items():
                file.write(f"{event.step},{event.metric.name()}/{name},{value}\n")
