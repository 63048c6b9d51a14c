"""The table of codes and factors as a metric."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from gan_run import DataInfo, Measurement, Metric, Model, Problem, SpecView, Split, Splits
from gan_run.plugins.metrics.code_factor_correlation.table import tabulate


class CodeFactorCorrelation(Metric):
    """The association of each code, as Q encodes real images, with each known factor of the data, in [0, 1].

    The measure is the absolute Spearman correlation of continuous codes and factors, a circular correlation if either
    is an angle, and normalised mutual information if either is categorical. `best` names the code with the strongest
    association for each factor. That choice is made on the measured images: to report it, choose on one split and
    measure on another.
    """

    headlines = ("best.*.strength",)
    type: Literal["code-factor-correlation"] = "code-factor-correlation"
    split: Split = Field(default="test", description="The split whose images are encoded.")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if not data.factors:
            yield Problem(("type",), "the data has no named factors to compare codes with")

    def measure(self, model: Model, data: Splits) -> Measurement:
        table = tabulate(model, data, self.split)
        best: dict[str, Measurement] = {}
        for factor in data.info.factors:
            code, row = max(table.cells.items(), key=lambda each: each[1][factor.name].strength, default=(None, {}))
            best[factor.name] = {"code": code, **(row[factor.name]._asdict() if code is not None else {})}
        return {
            "table": {
                code: {factor: cell._asdict() for factor, cell in row.items()} for code, row in table.cells.items()
            },
            "best": best,
            "measured_on": {"split": self.split, "images": table.images},
        }
