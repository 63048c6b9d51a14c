"""The metric `code-factor-correlation`."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from gan_run import DataInfo, Headline, Measurement, Metric, Model, Problem, SpecView, Split, Splits
from gan_run.plugins.metrics.code_factor_correlation.table import tabulate


class CodeFactorCorrelation(Metric):
    """The association of each code, encoded from real images, with each factor of the data, in [0, 1].

    |Spearman| for continuous codes and factors, its circular counterparts for angles, normalised mutual information
    where one is categorical. `best` names the code with the strongest association for each factor. It is chosen on the
    images that it is measured on: to report it, choose on one split and measure on another.
    """

    headlines = (Headline("best.*.strength"),)
    type: Literal["code-factor-correlation"] = "code-factor-correlation"
    split: Split = Field(default="test", description="The split whose images are encoded.")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if not data.factors:
            yield Problem(("type",), "the data has no columns but the class")
        if why := data.why_no_set(self.split):
            yield Problem(("split",), why)

    def measure(self, model: Model, data: Splits) -> Measurement:
        table = tabulate(model, data, self.split)
        best: dict[str, Measurement] = {}
        for factor in data.info.factors:
            code, row = max(table.cells.items(), key=lambda each: each[1][factor].strength, default=(None, {}))
            best[factor] = {"code": code, **(row[factor]._asdict() if code is not None else {})}
        return {
            "table": {
                code: {factor: cell._asdict() for factor, cell in row.items()} for code, row in table.cells.items()
            },
            "best": best,
            "measured_on": {"split": self.split, "images": table.images},
        }
