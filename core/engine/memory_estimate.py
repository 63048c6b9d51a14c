"""The memory that training takes at least, found on torch's meta device, where tensors have shapes and no content."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from gan_run.core.base.errors import GanRunError
from gan_run.core.base.image import ImageShape
from gan_run.core.base.memory import is_allocation_error
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.engine.game import Game, build_game
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.optimizer import Optimizer
from gan_run.core.kinds.spec import Spec

META = torch.device("meta")
FLOAT = 4
"""Bytes of a number in fp32, in which weights, gradients and moments are kept."""
PROBE = (2, 3)
"""The shape of the parameter whose moments are counted: moments of a parameter have its own."""


INITIALISERS = frozenset({"normal_", "uniform_", "trunc_normal_", "zero_", "fill_", "copy_", "mul_", "clamp_"})


def parts(spec: Spec, data: DataInfo, processes: int = 1) -> Iterator[float]:
    """The memory that each process takes at least, in parts of which each takes longer to find.

    Args:
        spec: The experiment.
        data: The description of its data.
        processes: How many share each batch.

    Returns:
        Bytes of: a batch of real and of generated images; weights, their moving average, and gradients; what
        optimizers keep of each weight; what networks keep of the images for the gradient. Infinity where a size has no
        64 bits. It ends at a component that cannot be built without content.
    """
    batch = max(spec.train.batch_size // processes, 1)
    yield 2.0 * batch * math.prod(data.image) * FLOAT
    try:
        with isolated_rng("memory"), META, _Uninitialised():
            game = build_game(spec, data)
        trained = {player: sum(weight.numel() for weight in owned.values()) for player, owned in game.owned().items()}
        held = sum(tensor.nbytes for tensor in _tensors(game)) + FLOAT * sum(trained.values())
        yield float(held if spec.train.ema is None else held + sum(tensor.nbytes for tensor in _tensors(game.stack)))
        yield float(sum(FLOAT * count * _moments(spec.optimizers[player]) for player, count in trained.items()))
        with isolated_rng("memory"), META:
            kept = _kept_of_images(game, spec, data.image, batch)
        yield kept
    except GanRunError:
        raise
    except Exception as error:
        if is_allocation_error(error):
            yield math.inf


class _Uninitialised(TorchFunctionMode):
    """Leaves tensors as they are made: those on the meta device have no content."""

    def __torch_function__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:  # as torch declares it
        if getattr(function, "__name__", "") in INITIALISERS:
            tensor = args[0] if args else (kwargs or {}).get("tensor")
            if isinstance(tensor, Tensor) and tensor.is_meta:
                return tensor
        return function(*args, **(kwargs or {}))


def _tensors(module: nn.Module) -> Iterable[Tensor]:
    yield from module.parameters()
    yield from module.buffers()


def _moments(optimizer: Optimizer) -> int:
    """How many numbers an optimizer keeps of each weight, by a step with a small one; 0 if it cannot take it."""
    with suppress(Exception), torch.device("cpu"):
        weight = nn.Parameter(torch.ones(PROBE))
        built = optimizer.build([{"params": [("weight", weight)], "rate": 1.0}])
        weight.grad = torch.ones(PROBE)
        built.step()
        kept = built.state[weight].values()
        return sum(isinstance(value, Tensor) and value.shape == weight.shape for value in kept)
    return 0


def _kept_of_images(game: Game, spec: Spec, image: ImageShape, batch: int) -> float:
    """What networks keep for the gradient of the part of a batch that goes through them at once."""
    train = spec.train
    part = max(batch // train.accumulate, 1)
    # Compiled code may compute again what it has not kept, and autocast keeps halves.
    share = 0.5 if train.compile or train.precision in ("bf16", "fp16", "auto") else 1.0
    generated = _kept(lambda: game.stack(game.latents.sample(part)))
    judged = _kept(lambda: game.discriminator.trunk(torch.empty(part, *image)).vector)
    return share * max(2 * judged, generated + judged)


def _kept(run: Callable[[], Tensor]) -> float:
    """Bytes that a forward pass keeps for its gradient, but parameters; 0 where it needs content.

    Raises:
        RuntimeError: A size has no 64 bits.
    """
    sizes: dict[int, int] = {}
    alive: list[Tensor] = []  # so that no storage has the address of a former one

    def pack(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, nn.Parameter):
            alive.append(tensor)
            sizes[tensor.untyped_storage()._cdata] = tensor.untyped_storage().nbytes()
        return tensor

    try:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            run()
    except Exception as error:
        if is_allocation_error(error):
            raise
        return 0.0
    return float(sum(sizes.values()))
