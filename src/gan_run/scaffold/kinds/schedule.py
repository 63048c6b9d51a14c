"""A schedule."""

from typing import Literal

from pydantic import Field

from gan_run import Schedule


class Mine(Schedule):
    """A number that is halved every so many steps."""

    type: Literal["mine"] = "mine"
    start: float = Field(description="The number at step 0.")
    every: int = Field(default=1000, ge=1, description="Steps between two halvings.")

    def at(self, step: int, steps: int) -> float:
        return float(self.start * 0.5 ** (step // self.every))
