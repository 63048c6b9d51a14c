"""The spec as its components see it."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from gan_run.core.base.errors import Place, Problem
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.declaration import Declaration
from gan_run.core.kinds.latent_space import LatentSpace

Part = TypeVar("Part", bound=Declaration)

Class = Callable[..., Part]
"""A class of parts. Not `type[Part]`: mypy accepts no abstract class, such as a kind, in its place."""


class SpecView(Protocol):
    """The spec that a component is part of, as its `check` sees it. A place is a path of field names and indices."""

    def part(self, wanted: Class[Part], *place: str | int) -> Part:
        """The part at a place that every spec has: `part(Trunk, "discriminator", "trunk")`.

        Args:
            wanted: Class of the part.
            place: Its path in the spec.

        Returns:
            The part.
        """
        ...

    def find(self, wanted: Class[Part], *place: str | int) -> Part | None:
        """The part at a place that a spec may have: `find(Latent, "latents", "c1")`.

        Args:
            wanted: Class of the part.
            place: Its path in the spec.

        Returns:
            The part, or None if there is no part of this class at this place.
        """
        ...

    def find_all(self, wanted: Class[Part]) -> Iterator[tuple[Place, Part]]:
        """All parts of a class, nested ones included.

        Args:
            wanted: Class of the parts.

        Returns:
            Each part with its path, in the spec's order.
        """
        ...

    def check_latent(self, name: str, *place: str | int) -> Iterator[Problem]:
        """Check that the spec has a latent of this name.

        Args:
            name: The name.
            place: Path of the field that holds it, relative to the component.

        Returns:
            The problem, if there is one.
        """
        ...

    def check_code(self, name: str, *place: str | int) -> Iterator[Problem]:
        """Check that a name is a latent's, or that of one of its copies: `c[1]`.

        Args:
            name: The name.
            place: Path of the field that holds it, relative to the component.

        Returns:
            The problem, if there is one.
        """
        ...

    def latent_space(self, data: DataInfo) -> LatentSpace:
        """Build the latents of the spec, to see whether one is discrete or cyclic and what it has for columns.

        Args:
            data: The dataset's description, which the latents fit: they are checked first.

        Returns:
            The modules, by name.
        """
        ...

    def check_condition(self, name: str, *place: str | int) -> Iterator[Problem]:
        """Check that a name is that of a latent whose value on real images a column determines or a loss computes.

        Args:
            name: The name.
            place: Path of the field that holds it, relative to the component.

        Returns:
            The problem, if there is one.
        """
        ...
