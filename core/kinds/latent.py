"""The declaration of a latent."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import Field

from gan_run.core.base.errors import PluginError
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.contract import checked_type
from gan_run.core.kinds.latent_module import LatentModule
from gan_run.core.kinds.latent_space import LatentSpace, drawing_order
from gan_run.core.kinds.repeated_latent import Repeated


@dataclass(frozen=True)
class LatentContext:
    """The inputs of `Latent.build`."""

    data: DataInfo
    """The description of the dataset: image shape, split sizes, columns."""
    latents: Mapping[str, LatentModule] = field(default_factory=dict)
    """The latents in `Latent.depends_on`, by name."""


class Latent(Component):
    """A latent variable of the generator: noise, a code that Q recovers from images, or a condition."""

    kind: ClassVar[str] = "latent"
    count: int = Field(default=1, ge=1, le=65_536, description="Number of independent copies under this name.")

    def class_names(self, data: DataInfo) -> tuple[str, ...] | None:
        """The names of this latent's categories, where it is a category that the data names.

        Args:
            data: The dataset's description.

        Returns:
            A name for each category; None for a latent that is no category, or of which the data says nothing.
        """
        found = [data.columns[name] for name in self.observed_columns() if name in data.columns]
        return found[0].names if len(found) == 1 and found[0].kind == "categorical" else None

    def observed_columns(self) -> tuple[str, ...]:
        """The columns of the data that determine this latent's value on a real image (`LatentModule.observe`).

        Returns:
            Names of columns; none unless a subclass overrides it.
        """
        return ()

    def depends_on(self) -> tuple[str, ...]:
        """The latents whose values this one depends on, as a child category on its parent.

        They are drawn first. Every method of the module finds their values in `self.given`.

        Returns:
            Names of latents; none unless a subclass overrides it.
        """
        return ()

    @abstractmethod
    def build(self, context: LatentContext) -> LatentModule:
        """Build one copy; `module` repeats it `count` times.

        Args:
            context: What is known of the dataset.

        Returns:
            The latent's module.

        Example:
            type: Literal["normal"] = "normal"

            def build(self, context: LatentContext) -> LatentModule:
                return NormalModule()
        """

    def module(self, context: LatentContext) -> LatentModule:
        """Build all copies as one module.

        Args:
            context: What is known of the dataset.

        Returns:
            The module of `build` if `count` is 1, with values (N, …); else its copies, with values (N, count, …).

        Raises:
            PluginError: The module lacks its width.
        """
        one = self.build(context)
        if not isinstance(getattr(one, "width", None), int):
            raise PluginError(f"{type(one).__name__} has to set `width` to a number of columns")
        one.depends_on = self.depends_on()
        return one if self.count == 1 else Repeated(one, self.count)


def build_latents(latents: Mapping[str, Latent], data: DataInfo) -> LatentSpace:
    """Build latents, each after those that it depends on.

    Args:
        latents: The declarations, by name.
        data: The dataset's description.

    Returns:
        Their modules.

    Raises:
        PluginError: A module lacks its width.
    """
    built: dict[str, LatentModule] = {}
    for name in drawing_order({name: latent.depends_on() for name, latent in latents.items()}):
        others = {other: built[other] for other in latents[name].depends_on()}
        module = latents[name].module(LatentContext(data, others))
        built[name] = checked_type(module, LatentModule, latents[name], ("latents", name))
    return LatentSpace({name: built[name] for name in latents})
