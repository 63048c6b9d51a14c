"""Finding latents that reproduce images, by gradient descent (Zhu et al. 2016, arXiv 1609.03552, section 3.1)."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from gan_run.core.base.progress import track_progress
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.discriminator import TrunkModule
from gan_run.core.kinds.encoding import Encoding
from gan_run.core.kinds.free_latents import FreeLatents
from gan_run.core.kinds.inversion_starts import Starts, nearest_starts
from gan_run.core.kinds.inversion_target import Target
from gan_run.core.kinds.latent_module import Values
from gan_run.core.kinds.latent_space import LatentSpace

DRAWN = 4096
"""Values that are drawn to find the interval of each latent."""
IMAGES = 16
"""Images whose latents are sought at once, if they are small."""
KEPT = 4
"""Starts of an image whose noise is optimised."""
NOISE_FIRST = 0.3
"""Share of the steps in which the noise alone is optimised."""
RATE = 0.5
"""Highest learning rate of Adam, in standard deviations of a latent."""
BETAS = (0.9, 0.99)
WARM = 0.05
"""Share of the steps in which the rate rises, before it falls as a cosine."""


class Inversion(NamedTuple):
    """Latents that reproduce N images. All tensors are on the CPU."""

    values: dict[str, Tensor]
    """The values of all latents, (N, …) by name, as `Model.generate` takes them."""
    images: Tensor
    """The reconstructions, (N, C, H, W)."""
    errors: Tensor
    """Their root mean square errors, in the units of the data's pixels, (N,)."""
    start_errors: Tensor
    """Those of the best starts, before they were optimised."""
    blind_errors: Tensor
    """Those of the best of 64 images of latents that are drawn at random."""


class Found(NamedTuple):
    """What was found for N images."""

    values: dict[str, Tensor]
    start: Tensor
    """The mean squared errors of the best starts, (N,)."""
    blind: Tensor
    """Those of the best random latents, (N,)."""


@dataclass(frozen=True)
class Inverter:
    """Seeks latents by gradient descent from several starts.

    What is found for an image depends on the seed and the image, and on the others in its batch by rounding alone,
    which many steps magnify in noise that hardly shows; unless the networks couple the images of a batch, as batch
    norms with the statistics of the batch do.
    """

    latents: LatentSpace
    generate: Callable[[Values], Tensor]
    """Images (N, C, H, W) of the values of all latents, with their graph."""
    trunk: TrunkModule
    steps: int
    seed: int
    chunk: int
    """Images in one forward pass."""

    def find(self, images: Tensor, codes: Encoding | None) -> Iterator[Found]:
        """Seek the latents of N images.

        Args:
            images: (N, C, H, W) in [-1, 1], on any device.
            codes: What Q reads off them, where the search begins; None to begin at codes that are drawn.

        Returns:
            An iterator over what is found, for some images at a time.
        """
        starts = Starts(self.latents, self._free, self.seed)
        blind = starts.blind()
        with torch.no_grad():
            blind_images = torch.cat([self.generate(part) for part in _parts(blind, self.chunk)])
        batches = torch.split(torch.arange(len(images)), max(1, min(IMAGES, self.chunk // (4 * KEPT))))
        ticks = iter(track_progress(range(len(batches) * self.steps), f"inverting {len(images)} images"))
        for rows in batches:
            target = Target(self.trunk, images[rows].to(blind_images.device))
            ones = [target.at(torch.tensor([at])) for at in range(len(rows))]
            readings = (blind if codes is None else starts.reading(codes, row) for row in rows.tolist())
            nearest = _joined([self._nearest(each, one) for each, one in zip(readings, ones, strict=True)])
            with torch.no_grad():
                start = target.squared_errors(self.generate({name: value[::KEPT] for name, value in nearest.items()}))
            blindly = torch.stack([one.squared_errors(blind_images).amin() for one in ones])
            yield Found(self._optimised(nearest, target, () if codes is None else tuple(codes), ticks), start, blindly)

    @cached_property
    def _free(self) -> FreeLatents:
        with isolated_rng("invert: intervals"):
            return FreeLatents(self.latents, self.latents.sample(DRAWN))

    def _nearest(self, values: dict[str, Tensor], target: Target) -> dict[str, Tensor]:
        """The `KEPT` best of the starts of one image."""
        discrete = [name for name in self.latents if self.latents[name].cardinality is not None]
        best = nearest_starts(values, self._losses(values, target), discrete, KEPT)
        return {name: value[best] for name, value in values.items()}

    def _optimised(
        self, starts: dict[str, Tensor], target: Target, codes: Sequence[str], ticks: Iterator[int]
    ) -> dict[str, Tensor]:
        """The values (N, …) to which the starts (N * KEPT, …) of N images lead."""
        free = tuple(self._free.intervals)
        noise = tuple(name for name in free if name not in codes)
        first = round(NOISE_FIRST * self.steps)
        count = torch.arange(len(target))
        each = target.at(count.repeat_interleave(KEPT))
        values = self._descend(starts, each, noise or free, islice(ticks, first))
        best = self._losses(values, each).view(-1, KEPT).argmin(dim=1).cpu() + KEPT * count
        values = {name: value[best] for name, value in values.items()}
        return self._descend(values, target, free, islice(ticks, self.steps - first))

    def _descend(
        self, values: dict[str, Tensor], target: Target, names: Sequence[str], ticks: Iterable[int]
    ) -> dict[str, Tensor]:
        """The values after a step of Adam for each tick; for an image that would be worse, those before."""
        variables = self._free.variables(values, names)
        optimizer = torch.optim.Adam(variables.values(), betas=BETAS) if variables else None
        for tick in ticks:
            if optimizer is None:
                continue
            optimizer.param_groups[0]["lr"] = self._rate(tick % self.steps)
            with torch.enable_grad():
                tried = {**values, **self._free.values_of(variables)}
                losses = target.losses(self.generate(tried)) + self._free.pull(tried, names)
                if not losses.requires_grad:  # no gradient passes any embedding
                    continue
                gradients = torch.autograd.grad(losses.sum(), list(variables.values()), allow_unused=True)
            for variable, gradient in zip(variables.values(), gradients, strict=True):
                variable.grad = None if gradient is None else gradient.nan_to_num(0.0, 0.0, 0.0)
            optimizer.step()
            self._free.restrict(variables)
        found = {**values, **{name: value.detach() for name, value in self._free.values_of(variables).items()}}
        is_better = self._losses(found, target) < self._losses(values, target)
        return {name: _where(is_better, found[name], values[name]) for name in values}

    def _rate(self, step: int) -> float:
        """The learning rate of a step: it rises, then falls as a cosine."""
        return RATE * min(1.0, (step + 1) / (WARM * self.steps)) * 0.5 * (1 + math.cos(math.pi * step / self.steps))

    @torch.no_grad()
    def _losses(self, values: Values, target: Target) -> Tensor:
        """The losses (N,) of N values, or of M values for one image."""
        return torch.cat([target.losses(self.generate(part)) for part in _parts(values, self.chunk)])


def _joined(parts: Sequence[Values]) -> dict[str, Tensor]:
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _where(rows: Tensor, one: Tensor, other: Tensor) -> Tensor:
    return torch.where(rows.view(-1, *([1] * (one.dim() - 1))), one, other)


def _parts(values: Values, size: int) -> Iterator[dict[str, Tensor]]:
    count = len(next(iter(values.values())))
    for start in range(0, count, size):
        yield {name: value[start : start + size] for name, value in values.items()}
