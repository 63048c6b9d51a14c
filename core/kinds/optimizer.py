"""Optimizers."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field

from gan_run.core.base.errors import Problem
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.schedule import Progress, Scheduled, wrong_value
from gan_run.core.kinds.spec_view import SpecView
from gan_run.core.kinds.train import Train

ParameterGroup = dict[str, Any]  # the type of groups in torch's own signatures
"""A group of parameters, as torch's optimizers take it: `params`, a list of (full name, parameter), and `rate`, the
factor of the group's learning rate (see `RateMultiplier`)."""


class Optimizer(Component):
    """An optimizer of one player's parameters, and its learning rate."""

    kind: ClassVar[str] = "optimizer"
    lr: Scheduled = Field(description="Learning rate: a number or a schedule.")
    clip_weights: float | None = Field(
        default=None,
        gt=0,
        description="Bound on the size of each weight, kept after every update: of the discriminator's trunk and head, "
        "where its player trains more; of all that any other player trains.",
    )

    def check(self, spec: SpecView) -> Iterable[Problem]:
        steps = spec.part(Train, "train").steps
        if wrong := wrong_value(self.lr, steps, lambda rate: rate >= 0):
            yield Problem(("lr",), f"{wrong}: a learning rate cannot be negative")

    def settings(self, progress: Progress) -> Mapping[str, object]:
        """What is set in every parameter group before a step. Override it for further fields that are schedules.

        Args:
            progress: The step.

        Returns:
            Values by their names in torch's parameter groups; the learning rate is multiplied by the group's `rate`.

        Example:
            def settings(self, progress: Progress) -> Mapping[str, object]:
                return {**super().settings(progress), "momentum": progress.value(self.momentum)}
        """
        return {"lr": progress.value(self.lr)}

    @abstractmethod
    def build(self, parameters: list[ParameterGroup]) -> torch.optim.Optimizer:
        """Build the torch optimizer of one player.

        Args:
            parameters: The player's parameters with their names, in groups of one learning rate. torch's optimizers
                take them as they are. One that treats some parameters differently splits the groups by name.

        Returns:
            The optimizer. The engine sets its learning rate to `lr` before every step, so any initial one will do.
            Its state must consist of tensors, since checkpoints hold nothing else.

        Example:
            type: Literal["sgd"] = "sgd"
            momentum: Scheduled = 0.9

            def build(self, parameters: list[ParameterGroup]) -> torch.optim.Optimizer:
                return torch.optim.SGD(parameters, lr=0.0, momentum=0.9)
        """
