from collections.abc import Callable, Mapping

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from gan_run import Optimizer
from gan_run.plugins.training.optimizers.adam import Adam, AdamW
from gan_run.plugins.training.optimizers.rmsprop import RMSprop

BOTH = pytest.mark.parametrize("declared", [Adam, AdamW])
RATE = 0.1


def steps(declared: Optimizer, gradients: list[Tensor]) -> Tensor:
    """Where the engine's steps lead from 1.0 along these gradients."""
    parameter = nn.Parameter(torch.ones(3))
    optimizer = declared.build([parameter])
    for gradient in gradients:
        parameter.grad = gradient.clone()
        for group in optimizer.param_groups:
            group["lr"] = RATE
        optimizer.step()
    return parameter.detach()


GRADIENTS = [torch.tensor(row) for row in ([1.0, -3.0, 0.01], [0.5, 2.0, 0.01], [-1.0, 0.1, 0.01])]


def test_the_first_step_is_the_rate_against_the_gradients_sign() -> None:
    torch.testing.assert_close(steps(Adam(lr=9), GRADIENTS[:1]), torch.tensor([0.9, 1.1, 0.9]))


def test_adamw_also_shrinks_weights_by_rate_times_decay() -> None:
    # 1 - 0.1 * 0.5 = 0.95, then the step.
    torch.testing.assert_close(steps(AdamW(lr=9, weight_decay=0.5), GRADIENTS[:1]), torch.tensor([0.85, 1.05, 0.85]))


def adam_by_hand(betas: tuple[float, float], eps: float, decay: float) -> Tensor:
    """Kingma & Ba 2014, algorithm 1, with decoupled decay."""
    parameter, first, second = torch.ones(3), torch.zeros(3), torch.zeros(3)
    for step, gradient in enumerate(GRADIENTS, start=1):
        parameter = parameter * (1 - RATE * decay)
        first = betas[0] * first + (1 - betas[0]) * gradient
        second = betas[1] * second + (1 - betas[1]) * gradient.square()
        mean, square = first / (1 - betas[0] ** step), second / (1 - betas[1] ** step)
        parameter = parameter - RATE * mean / (square.sqrt() + eps)
    return parameter


@pytest.mark.parametrize(
    ("declared", "betas", "eps", "decay"),
    [
        (Adam(lr=9), (0.5, 0.999), 1e-8, 0.0),
        (Adam(lr=9, betas=(0.0, 0.9), eps=0.1), (0.0, 0.9), 0.1, 0.0),
        (AdamW(lr=9), (0.5, 0.999), 1e-8, 0.01),
        (AdamW(lr=9, betas=(0.9, 0.99), eps=0.1, weight_decay=0.3), (0.9, 0.99), 0.1, 0.3),
    ],
)
def test_several_steps_follow_the_algorithm_with_the_declared_numbers(
    declared: Optimizer, betas: tuple[float, float], eps: float, decay: float
) -> None:
    torch.testing.assert_close(steps(declared, GRADIENTS), adam_by_hand(betas, eps, decay), atol=1e-6, rtol=1e-5)


@BOTH
def test_all_that_an_optimiser_remembers_are_tensors(declared: Callable[..., Optimizer]) -> None:
    parameter = nn.Parameter(torch.ones(3))
    optimizer = declared(lr=0.1).build([parameter])
    parameter.grad = torch.ones(3)
    optimizer.step()
    assert optimizer.state[parameter].keys() >= {"step", "exp_avg", "exp_avg_sq"}
    assert all(isinstance(moment, Tensor) for moment in optimizer.state[parameter].values())


@BOTH
@pytest.mark.parametrize(
    "wrong", [{}, {"lr": 0.1, "betas": [1.0, 0.9]}, {"lr": 0.1, "betas": [-0.1, 0.9]}, {"lr": 0.1, "eps": 0}]
)
def test_numbers_that_adam_cannot_have_are_refused(declared: type[Optimizer], wrong: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        declared.model_validate(wrong)


def test_rmsprop_divides_by_the_running_size_of_the_gradient() -> None:
    parameter, square = torch.ones(3), torch.zeros(3)
    for gradient in GRADIENTS:
        square = 0.9 * square + 0.1 * gradient.square()
        parameter = parameter - RATE * gradient / (square.sqrt() + 0.01)
    torch.testing.assert_close(steps(RMSprop(lr=9, alpha=0.9, eps=0.01), GRADIENTS), parameter)
