"""The named collection of a model's latents."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_run.core.base.errors import NotFoundByName, suggest
from gan_run.core.kinds.latent_module import LatentModule

Values = Mapping[str, Tensor]
"""Latent values by name: (N,) each, or (N, count) where there are several copies."""


class CodeDim(NamedTuple):
    """One number that can be turned: a latent, or one copy of a repeated one."""

    name: str
    copy: int | None = None

    def __str__(self) -> str:
        return self.name if self.copy is None else f"{self.name}[{self.copy}]"


def code_dims_by_name(counts: Mapping[str, int]) -> dict[str, list[CodeDim]]:
    """What each name stands for, where each latent has so many copies: `c` for all of c, `c[1]` for one of several."""
    whole = {
        name: [CodeDim(name, copy) for copy in range(count)] if count > 1 else [CodeDim(name)]
        for name, count in counts.items()
    }
    return whole | {str(code_dim): [code_dim] for code_dims in whole.values() for code_dim in code_dims}


def unknown_latent(name: str, there_are: Iterable[str]) -> str:
    """What is said of a name that no latent has."""
    return f"no latent is called {name!r}{suggest(name, there_are)}"


class LatentSpace(nn.Module):
    """Draws values by name, embeds them into the generator's input (N, W), and knows each name's columns."""

    def __init__(self, latents: Mapping[str, LatentModule]) -> None:
        super().__init__()
        self._names = tuple(latents)
        for name, latent in latents.items():
            self.add_module(_attribute(name), latent)
        self.width = sum(latent.width for latent in latents.values())

    def __getitem__(self, name: str) -> LatentModule:
        if name not in self._names:
            raise NotFoundByName(unknown_latent(name, self._names))
        latent = self.get_submodule(_attribute(name))
        assert isinstance(latent, LatentModule)
        return latent

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def columns(self, name: str) -> slice:
        """Where `name` stands in the generator's input."""
        width = self[name].width
        start = sum(self[other].width for other in self._names[: self._names.index(name)])
        return slice(start, start + width)

    def sample(self, n: int, given: Values | None = None) -> dict[str, Tensor]:
        """`n` values of every latent; those in `given` are taken as they are."""
        given = given or {}
        return {name: given[name] if name in given else self[name].sample(n) for name in self._names}

    def fit_prior(self, labels: Tensor) -> None:
        """Tell every latent the labels of all training images (M,)."""
        for name in self._names:
            self[name].fit_prior(labels)

    def embed(self, values: Values) -> Tensor:
        """The generator's input for `values`, (N, W)."""
        return torch.cat([self[name].embed(values[name]) for name in self._names], dim=1)

    def code_dims(self, names: Iterable[str] | None = None) -> list[CodeDim]:
        """Every number that can be turned, of all latents or of those in `names`: `c` is all of c, `c[1]` one copy."""
        known = code_dims_by_name({name: self[name].count for name in self})
        code_dims: list[CodeDim] = []
        for name in self if names is None else names:
            if name not in known:
                raise NotFoundByName(unknown_latent(name, known))
            code_dims.extend(known[name])
        return code_dims

    def value_of(self, values: Values, code_dim: CodeDim) -> Tensor:
        """The numbers that a code_dim is set to, (N,)."""
        value = values[code_dim.name]
        return value if code_dim.copy is None else value[:, code_dim.copy]

    def with_value(self, values: Values, code_dim: CodeDim, to: Tensor) -> dict[str, Tensor]:
        """`values` with one code_dim set to `to`, a scalar or one number per row (N,)."""
        old = values[code_dim.name]
        new = to.to(old).expand(len(old))
        if code_dim.copy is not None:
            turned = old.clone()
            turned[:, code_dim.copy] = new
            new = turned
        return {**values, code_dim.name: new}


def _attribute(name: str) -> str:
    # A module's attribute may not shadow nn.Module's own ("type", "half", …), and a latent may be called anything.
    return f"latent_{name}"
