import torch
from torch import nn

from gan_run.core.run.dry_run import FlopCounter


def test_a_linear_layer_forwards_and_backwards_worked_by_hand() -> None:
    layer, vectors = nn.Linear(5, 7, bias=False), torch.randn(3, 5)
    with FlopCounter() as counter:
        layer(vectors).sum().backward()
    # Two for each product: once forwards, once for the weight's gradient.
    assert counter.get_total_flops() == 2 * (2 * 3 * 5 * 7)


def test_a_gradient_within_is_counted_too() -> None:
    layer, vectors = nn.Linear(5, 7, bias=False), torch.randn(3, 5, requires_grad=True)
    with FlopCounter() as counter:
        (slope,) = torch.autograd.grad(layer(vectors).square().sum(), vectors, create_graph=True)
        forwards_and_to_the_vectors = counter.get_total_flops()
        slope.square().sum().backward()
    assert forwards_and_to_the_vectors == 2 * (2 * 3 * 5 * 7)
    assert counter.get_total_flops() > forwards_and_to_the_vectors
