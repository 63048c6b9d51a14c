"""The declaration of a latent."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from gan_run.core.base.errors import PluginError
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.latent_module import LatentModule
from gan_run.core.kinds.repeated_latent import Repeated


@dataclass(frozen=True)
class LatentContext:
    """The inputs of `Latent.build`."""

    data: DataInfo
    """Image shape, split sizes, class names and factors of the dataset."""


class Latent(Component):
    """A latent variable of the generator: the noise z, or a code c that Q recovers from images."""

    kind: ClassVar[str] = "latent"
    count: int = Field(default=1, ge=1, description="Number of independent copies under this name.")

    def observes_labels(self) -> bool:
        """Whether a real image's class label determines this latent's value on it (`LatentModule.observe`).

        Returns:
            False unless a subclass overrides it.
        """
        return False

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
            The module of `build` if `count` is 1, with values (N,); else its copies, with values (N, count).

        Raises:
            PluginError: The module lacks one of its widths.
        """
        one = self.build(context)
        for name in ("width", "posterior_width"):
            if not isinstance(getattr(one, name, None), int):
                raise PluginError(f"{type(one).__name__} has to set `{name}` to a number of columns")
        return one if self.count == 1 else Repeated(one, self.count)
