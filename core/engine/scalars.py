"""What a line of metrics.jsonl shows: losses and reports as they were last computed, and what controls training."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from gan_run.core.engine.update import Losses


def name_scalars(losses: Mapping[str, Losses]) -> dict[str, Tensor]:
    """Every objective and report of each player's update, by PLAYER/LOSS and PLAYER/LOSS/REPORT."""
    tensors: dict[str, Tensor] = {}
    for player, loss in losses.items():
        tensors |= {f"{player}/{term}": value for term, value in loss.terms.items()}
        for term, reports in loss.reports.items():
            tensors |= {f"{player}/{term}/{name}": value for name, value in reports.items()}
    return tensors


class LatestScalars:
    """The latest value of each loss and report since the last line: a lazy loss is not computed at every step.

    Values stay on the device until they are read, and the host does not wait for them.
    """

    def __init__(self) -> None:
        self._read: dict[str, float] = {}
        self._recorded: dict[tuple[str, ...], Tensor] = {}
        """Values by the names of those that were recorded together, which differ where losses are lazy. The latest come
        last."""

    def record(self, losses: Mapping[str, Losses]) -> None:
        """Keep the losses of a step."""
        together: dict[tuple[torch.dtype, torch.device], dict[str, Tensor]] = {}
        for name, value in name_scalars(losses).items():
            together.setdefault((value.dtype, value.device), {})[name] = value
        for values in together.values():
            names = tuple(values)
            self._recorded.pop(names, None)
            # A copy: a report may share its memory with a buffer that goes on changing.
            self._recorded[names] = torch.stack([v.reshape(()) if v.dim() else v for v in values.values()])

    def read(self) -> dict[str, float]:
        """The values by name, in alphabetical order. Here the host waits for the device."""
        for names, values in self._recorded.items():
            self._read |= zip(names, map(float, values.tolist()), strict=True)
        self._recorded.clear()
        return dict(sorted(self._read.items()))

    def clear(self) -> None:
        """Forget all values: a line was written."""
        self._read.clear()
        self._recorded.clear()

    def load(self, values: Mapping[str, float | None]) -> None:
        """Restore what `read` returned; None stands for a value that is not finite."""
        self.clear()
        self._read |= {name: math.nan if value is None else value for name, value in values.items()}
