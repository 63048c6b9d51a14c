"""What all artifacts that draw images have in common."""

from abc import ABC
from collections.abc import Iterable, Mapping
from contextlib import suppress

import torch
from pydantic import Field

from gan_run import Artifact, DataInfo, Generator, GeneratorModule, Problem, SpecView, suggest, why_not_shown


class DrawnImages(Artifact, ABC):
    """An artifact that draws images, some of whose channels it shows."""

    channels: tuple[int, int, int] | None = Field(
        default=None, description="Channels to show as red, green and blue; by default the first three."
    )
    options: dict[str, float] = Field(
        default_factory=dict, description="Sampling options of the generator, such as truncation."
    )

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if problem := why_not_shown(data.image, self.channels):
            yield Problem(("type",), problem)
        if self.options and (known := _sampling_options(spec, data)) is not None:
            for name in sorted(self.options.keys() - known.keys()):
                message = f"the generator has no sampling option {name!r}{suggest(name, known)}"
                yield Problem(("options", name), message)


def _sampling_options(spec: SpecView, data: DataInfo) -> Mapping[str, float] | None:
    """The sampling options of the spec's generator; None of one that can only be built with its weights."""
    with suppress(Exception), torch.device("meta"):
        built = spec.part(Generator, "generator").build(spec.latent_space(data), data.image)
        return built.sampling_options if isinstance(built, GeneratorModule) else {}
    return None
