"""A schedule."""

from typing import Literal

from pydantic import Field

from gan_run import Schedule


class Mine(Schedule):
    """Halved after every so many steps."""

    type: Literal["mine"] = "mine"
    start: float
    every: int = Field(default=1000, ge=1, description="Steps until it is halved.")

    def at(self, step: int, steps: int) -> float:
        return float(self.start * 0.5 ** (step // self.every))
