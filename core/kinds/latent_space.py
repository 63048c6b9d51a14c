"""All latents of a model, by name."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_run.core.base.errors import NotFoundByName, suggest
from gan_run.core.images.columns import Columns, fill_missing, is_known
from gan_run.core.kinds.latent_module import LatentModule, Values


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
    """All latents of a model by name: `space["c1"]`. Iteration gives their names in the spec's order.

    Attributes:
        width: W, the number of columns of the generator's input.
        order: The names in the order in which latents are drawn: each after those that it depends on.
    """

    def __init__(self, latents: Mapping[str, LatentModule]) -> None:
        super().__init__()
        self._names = tuple(latents)
        for name, latent in latents.items():
            self.add_module(_attribute(name), latent)
        self.width = sum(latent.width for latent in latents.values())
        self.order = drawing_order({name: latent.depends_on for name, latent in latents.items()})

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

    def split_columns(self, names: Iterable[str]) -> tuple[Tensor, Tensor]:
        """The columns of some latents in the generator's input, and those of all others.

        Args:
            names: Names of some latents.

        Returns:
            Indices of their columns, and of the other columns, both int64 on the CPU and rising.

        Raises:
            NotFoundByName: There is no latent of a name.
        """
        chosen = torch.zeros(self.width, dtype=torch.bool, device="cpu")  # its content decides shapes
        for name in names:
            chosen[self.columns(name)] = True
        return chosen.nonzero().flatten(), (~chosen).nonzero().flatten()

    def sample(
        self, n: int, given: Values | None = None, held: Mapping[CodeDim, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Draw values of every latent, with torch's global random number generator.

        Latents that depend on others are drawn after those, with the values that these then have.

        Args:
            n: Number of values of each latent.
            given: Values to use unchanged instead of drawing them.
            held: Values that replace the drawn ones of a dimension: a scalar, or one per row. Random numbers are
                those of a draw without them.

        Returns:
            Values by name, (n, …) or (n, count, …), in the spec's order.
        """
        values: dict[str, Tensor] = {}
        for name in self.order:
            values[name] = given[name] if given and name in given else self.conditional(name, values).sample(n)
            for code_dim, to in (held or {}).items():
                if code_dim.name == name:
                    values = self.with_value(values, code_dim, to)
        return {name: values[name] for name in self._names}

    def conditional(self, name: str, values: Values) -> LatentModule:
        """One latent given the values of those that it depends on: see `LatentModule.conditional`.

        Args:
            name: The latent's name.
            values: Latent values by name; a latent that depends on no other needs none.

        Returns:
            The latent.

        Raises:
            NotFoundByName: There is no latent of this name.
        """
        return self[name].conditional(values)

    def fit_prior(self, columns: Columns) -> None:
        """Fit every latent's prior to what is known of the training images.

        Args:
            columns: The columns of all training images, (M, …) each.
        """
        for name in self._names:
            self[name].fit_prior(columns)

    def observe(self, columns: Columns) -> dict[str, Tensor]:
        """The values of the latents that what is known of real images determines.

        Args:
            columns: The columns of N real images, (N, …) each.

        Returns:
            Values by name, (N, …) or (N, count, …), of these latents alone.
        """
        seen = {name: self[name].observe(columns) for name in self._names}
        return {name: value for name, value in seen.items() if value is not None}

    def embed(self, values: Values) -> Tensor:
        """The generator's input.

        Args:
            values: Values of every latent, (N,) or (N, count).

        Returns:
            Float tensor (N, W), with each latent's columns side by side, in the spec's order.
        """
        return torch.cat([self.conditional(name, values).embed(values[name]) for name in self._names], dim=1)

    def embed_known(self, names: Iterable[str], values: Values) -> Tensor:
        """The columns of some latents side by side, as conditional heads take them.

        Args:
            names: The latents.
            values: Their values, (N, …), in which some may not be known (-1 or NaN).

        Returns:
            Float tensor; the columns of a value that is not known are zero.
        """
        columns = []
        for name in names:
            embedded = self.conditional(name, values).embed(fill_missing(values[name]))
            columns.append(embedded * is_known(values[name]).to(embedded.dtype).unsqueeze(1))
        return torch.cat(columns, dim=1)

    def code_dims(self, names: Iterable[str] | None = None) -> list[CodeDim]:
        """The dimensions of codes.

        Args:
            names: Latents (`c`, all its copies) or copies (`c[1]`); None for all latents.

        Returns:
            Their dimensions, in order.

        Raises:
            NotFoundByName: A name is that of no latent and no copy, or of one whose values are no numbers.
        """
        numbers = [name for name in self if not self[name].value_shape]
        known = code_dims_by_name({name: self[name].count for name in numbers})
        code_dims: list[CodeDim] = []
        for name in numbers if names is None else names:
            if name in self._names and name not in numbers:
                raise NotFoundByName(f"{name!r} has values of shape {self[name].value_shape}, not numbers")
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
            to: Its new value: a scalar, or one number per row, (N,); of a vector (D,) or (N, D).

        Returns:
            New values by name, in the dtype and on the device of the old ones.
        """
        old = values[code_dim.name]
        new = to.to(old).expand_as(old if code_dim.copy is None else old[:, code_dim.copy])
        if code_dim.copy is not None:
            copies = old.clone()
            copies[:, code_dim.copy] = new
            new = copies
        return {**values, code_dim.name: new}


def drawing_order(depends_on: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The order in which latents are drawn: each after those that it depends on, else in the given order.

    Args:
        depends_on: The latents that each depends on, by name.

    Returns:
        The names. One whose dependence is circular, or on a latent that there is not, is left out.
    """
    order: dict[str, None] = {}
    waiting = {name: set(others) for name, others in depends_on.items()}
    while (ready := next((name for name, others in waiting.items() if others <= order.keys()), None)) is not None:
        order[ready] = None
        del waiting[ready]
    return tuple(order)


def _attribute(name: str) -> str:
    # An attribute must not shadow those of nn.Module ("type", "half", …), and a latent may have any name.
    return f"latent_{name}"
