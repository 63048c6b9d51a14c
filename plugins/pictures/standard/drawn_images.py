"""What all artifacts that draw images have in common."""

from abc import ABC
from collections.abc import Iterable

from pydantic import Field

from gan_run import Artifact, DataInfo, Problem, SpecView, why_not_shown


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
