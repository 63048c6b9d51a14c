"""The tests that every optimizer and every schedule passes."""

import math

import torch
from torch import Tensor, nn

from gan_run.core.kinds.optimizer import Optimizer
from gan_run.core.kinds.schedule import Schedule
from gan_run.testing.component import ComponentSuite


class OptimizerSuite(ComponentSuite):
    """Set `component` to an optimizer."""

    component: Optimizer

    def test_it_minimises_a_quadratic(self) -> None:
        place = nn.Parameter(torch.tensor([3.0, -2.0]))
        optimizer = self.component.build([{"params": [("place", place)], "rate": 1.0}])
        for _ in range(300):
            for group in optimizer.param_groups:
                group["lr"] = 0.05
            optimizer.zero_grad()
            place.square().sum().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        assert place.abs().max() < 0.5

    def test_its_state_is_of_tensors(self) -> None:
        place = nn.Parameter(torch.ones(2))
        optimizer = self.component.build([{"params": [("place", place)], "rate": 1.0}])
        place.grad = torch.ones(2)
        optimizer.step()
        assert all(isinstance(value, Tensor) for value in optimizer.state[place].values()), "a checkpoint holds tensors"


class ScheduleSuite(ComponentSuite):
    """Set `component` to a schedule."""

    component: Schedule

    def test_it_is_finite_at_every_step(self) -> None:
        for steps in (1, 10, 1000):
            assert all(math.isfinite(self.component.at(step, steps)) for step in range(steps))

    def test_it_depends_on_the_step_alone(self) -> None:
        values = [self.component.at(step, 50) for step in range(50)]
        assert [self.component.at(step, 50) for step in reversed(range(50))] == values[::-1]
