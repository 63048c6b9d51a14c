"""A headline number that a spec refers to."""

from collections.abc import Iterator

from pydantic import Field

from gan_run.core.base.errors import NotFoundByName, Problem, suggest
from gan_run.core.kinds.component import numbered_by_type
from gan_run.core.kinds.declaration import Declaration
from gan_run.core.kinds.loss import Loss
from gan_run.core.kinds.metric import Measurement, Metric
from gan_run.core.kinds.spec_view import SpecView

CODES = "codes"
"""The name in a metric's result that holds what is found by code."""


class WatchedNumber(Declaration):
    """A headline number of a metric that is measured during training."""

    metric: str = Field(
        description="The type of a metric of the spec, which has an `every`; of a second metric of one type "
        "TYPE-again-1."
    )
    number: str = Field(description="Dotted path of one of its headline numbers, such as codes.category.bound.")

    def check_watched(self, spec: SpecView) -> Iterator[Problem]:
        """Check that the spec measures the number during training.

        Args:
            spec: The whole spec.

        Returns:
            The problem, if there is one, with a place relative to this declaration.
        """
        metrics = numbered_by_type(metric for _, metric in spec.find_all(Metric))
        if self.metric not in metrics:
            yield Problem(("metric",), f"the spec has no metric {self.metric!r}{suggest(self.metric, metrics)}")
            return
        if metrics[self.metric].every is None:
            yield Problem(("metric",), f"{self.metric} is measured at the end alone: give it an `every`")
        try:
            headline = metrics[self.metric].headline_of(self.number)
        except NotFoundByName as error:
            yield Problem(("number",), str(error))
            return
        encoded = [code for _, loss in spec.find_all(Loss) for code in loss.encodes()]
        steps = self.number.split(".")
        for index, wanted in enumerate(headline.path.split(".")):
            if wanted == "*" and steps[:index][-1:] == [CODES] and steps[index] not in encoded:
                yield Problem(("number",), f"no loss encodes the code {steps[index]!r}{suggest(steps[index], encoded)}")

    def value(self, metric: Metric, found: Measurement) -> float:
        """The number in a result.

        Args:
            metric: The metric.
            found: What it found.

        Returns:
            The number.

        Raises:
            NotFoundByName: The result has no such number, or it is not finite.
        """
        values = metric.headline(found)
        if self.number not in values:
            raise NotFoundByName(f"{self.metric} found no number {self.number!r}{suggest(self.number, values)}")
        return values[self.number]
