"""All latents of a model, by name."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_run.core.base.errors import NotFoundByName, suggest
from gan_run.core.kinds.latent_module import LatentModule

Values = Mapping[str, Tensor]
"""Latent values by name: (N,) each, or (N, count) of a latent with several copies."""


class CodeDim(NamedTuple):
    """One dimension of a code: a latent, or one copy of a latent with several; written `c` or `c[1]`."""

    name: str
    """The latent's name."""
    copy: int | None = None
    """Index of the copy, from 0; None for a latent with one copy."""

    def __str__(self) -> str:
        return self.name if self.copy is None else f"{self.name}[{self.copy}]"


def code_dims_by_name(counts: Mapping[str, int]) -> dict[str, list[CodeDim]]:
    """The dimensions that each name stands for: `c` for all copies of c, `c[1]` for one of them.

    Args:
        counts: Number of copies of each latent.

    Returns:
        Dimensions by name.
    """
    whole = {
        name: [CodeDim(name, copy) for copy in range(count)] if count > 1 else [CodeDim(name)]
        for name, count in counts.items()
    }
    return whole | {str(code_dim): [code_dim] for code_dims in whole.values() for code_dim in code_dims}


def unknown_latent(name: str, there_are: Iterable[str]) -> str:
    """The error message for a name that no latent has.

    Args:
        name: The unknown name.
        there_are: The valid names.

    Returns:
        The message, with the nearest valid name.
    """
    return f"no latent is called {name!r}{suggest(name, there_are)}"


class LatentSpace(nn.Module):
    """All latents of a model by name: `space["c1"]`. Iteration gives their names in the spec's order."""

    def __init__(self, latents: Mapping[str, LatentModule]) -> None:
        super().__init__()
        self._names = tuple(latents)
        for name, latent in latents.items():
            self.add_module(_attribute(name), latent)
        self.width = sum(latent.width for latent in latents.values())

    def __getitem__(self, name: str) -> LatentModule:
        """One latent. Raises NotFoundByName if there is none of this name."""
        if name not in self._names:
            raise NotFoundByName(unknown_latent(name, self._names))
        latent = self.get_submodule(_attribute(name))
        assert isinstance(latent, LatentModule)
        return latent

    def __iter__(self) -> Iterator[str]:
        """The names of the latents."""
        return iter(self._names)

    def __len__(self) -> int:
        """The number of latents."""
        return len(self._names)

    def columns(self, name: str) -> slice:
        """The columns of one latent in the generator's input.

        Args:
            name: The latent's name.

        Returns:
            A slice of the W columns.

        Raises:
            NotFoundByName: There is no latent of this name.
        """
        width = self[name].width
        start = sum(self[other].width for other in self._names[: self._names.index(name)])
        return slice(start, start + width)

    def sample(self, n: int, given: Values | None = None) -> dict[str, Tensor]:
        """Draw values of every latent, with torch's global random number generator.

        Args:
            n: Number of values of each latent.
            given: Values to use unchanged instead of drawing them.

        Returns:
            Values by name, (n,) or (n, count).
        """
        given = given or {}
        return {name: given[name] if name in given else self[name].sample(n) for name in self._names}

    def fit_prior(self, labels: Tensor) -> None:
        """Fit every latent's prior to the labels of the training images.

        Args:
            labels: int64 class labels (M,) of all training images.
        """
        for name in self._names:
            self[name].fit_prior(labels)

    def embed(self, values: Values) -> Tensor:
        """The generator's input.

        Args:
            values: Values of every latent, (N,) or (N, count).

        Returns:
            Float tensor (N, W), with each latent's columns side by side, in the spec's order.
        """
        return torch.cat([self[name].embed(values[name]) for name in self._names], dim=1)

    def code_dims(self, names: Iterable[str] | None = None) -> list[CodeDim]:
        """The dimensions of codes.

        Args:
            names: Latents (`c`, all its copies) or copies (`c[1]`); None for all latents.

        Returns:
            Their dimensions, in order.

        Raises:
            NotFoundByName: A name is that of no latent and no copy.
        """
        known = code_dims_by_name({name: self[name].count for name in self})
        code_dims: list[CodeDim] = []
        for name in self if names is None else names:
            if name not in known:
                raise NotFoundByName(unknown_latent(name, known))
            code_dims.extend(known[name])
        return code_dims

    def value_of(self, values: Values, code_dim: CodeDim) -> Tensor:
        """The values of one dimension.

        Args:
            values: Latent values by name, (N,) or (N, count).
            code_dim: The dimension.

        Returns:
            Its values, (N,).
        """
        value = values[code_dim.name]
        return value if code_dim.copy is None else value[:, code_dim.copy]

    def with_value(self, values: Values, code_dim: CodeDim, to: Tensor) -> dict[str, Tensor]:
        """Set one dimension.

        Args:
            values: Latent values by name, (N,) or (N, count); they stay as they are.
            code_dim: The dimension.
            to: Its new value: a scalar, or one number per row, (N,).

        Returns:
            New values by name, in the dtype and on the device of the old ones.
        """
        old = values[code_dim.name]
        new = to.to(old).expand(len(old))
        if code_dim.copy is not None:
            copies = old.clone()
            copies[:, code_dim.copy] = new
            new = copies
        return {**values, code_dim.name: new}


def _attribute(name: str) -> str:
    # An attribute must not shadow those of nn.Module ("type", "half", …), and a latent may have any name.
    return f"latent_{name}"
