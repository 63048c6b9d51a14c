"""What is shown during training in a notebook."""

import sys
from html import escape

from rich.console import Console

from gan_run.core.kinds.events import CheckpointSaved, RunStarted, StepLogged
from gan_run.display.progress import Display, throughput


class NotebookDisplay(Display):
    """Shows a run in the output of a cell: a bar and the latest losses, redrawn in place."""

    def __init__(self) -> None:
        super().__init__(Console(file=sys.stdout, force_jupyter=False, force_terminal=False))
        self._losses = ""
        self._shown: object = None

    def run_started(self, event: RunStarted) -> None:
        from IPython.display import HTML, display

        super().run_started(event)
        self._shown = display(HTML(self._bar(event.step, event.steps)), display_id=True)

    def step_logged(self, event: StepLogged) -> None:
        rows = (f"<tr><td>{escape(name)}</td><td>{value:.4f}</td></tr>" for name, value in event.losses.items())
        self._losses = f" {throughput(event)}<table>{''.join(rows)}</table>"
        self._redraw(event.step, event.steps)

    def checkpoint_saved(self, event: CheckpointSaved) -> None:
        self._redraw(event.step, event.steps)

    def _redraw(self, step: int, steps: int) -> None:
        from IPython.display import HTML

        assert self._shown is not None, "a run is started before it logs"
        self._shown.update(HTML(self._bar(step, steps)))  # type: ignore[attr-defined]  # IPython's DisplayHandle

    def _bar(self, step: int, steps: int) -> str:
        bar = f'<progress value="{step}" max="{steps}" aria-label="training"></progress>'
        return f"{bar} step {step} of {steps}{self._losses}"
