"""The table as a metric."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from gan_run import DataInfo, Measurement, Metric, Model, Problem, SpecView, Split, Splits
from gan_run.plugins.metrics.code_factor_correlation.table import tabulate


class CodeFactorCorrelation(Metric):
    """How strongly each code, as Q reads it off real images, goes with each factor that the data knows, in [0, 1].

    |Spearman| between a continuous code and a continuous factor; its circular kin where either is an angle; normalised
    mutual information where either is categorical. `best` names each factor's code. A best of many is chosen by these
    very images: to report it, choose on one split and measure on another.
    """

    headlines = ("best.*.strength",)
    type: Literal["code-factor-correlation"] = "code-factor-correlation"
    split: Split = Field(default="test", description="The split whose images are read.")

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
