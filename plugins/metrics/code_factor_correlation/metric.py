"""The metric `code-factor-correlation`."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from gan_run import DataInfo, Headline, Measurement, Metric, Model, Problem, SpecView, Split, Splits
from gan_run.plugins.metrics.code_factor_correlation.table import Table, tabulate


class CodeFactorCorrelation(Metric):
    """The association of each code, encoded from real images, with each factor of the data, in [0, 1].

    |Spearman| for continuous codes and factors, its circular counterparts for angles, normalised mutual information
    where one is categorical. `best` has, for each factor, the code with the strongest association on the images of
    `choose_on`, and its association on those of `split`. Without `choose_on` the code is chosen on the images that it
    is measured on, so that the association is too high.
    """

    headlines = (Headline("best.*.strength"),)
    type: Literal["code-factor-correlation"] = "code-factor-correlation"
    split: Split = Field(default="test", description="The split whose images are encoded.")
    choose_on: Split | None = Field(
        default=None, description="The split on which the best code of each factor is chosen; null: that of `split`."
    )

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if not data.factors:
            yield Problem(("type",), "the data has no columns but the class")
        for field, split in (("split", self.split), ("choose_on", self.choose_on)):
            if split is not None and (why := data.why_no_set(split)):
                yield Problem((field,), why)

    def measure(self, model: Model, data: Splits) -> Measurement:
        table = tabulate(model, data, self.split)
        chosen = table if self.choose_on in (None, self.split) else tabulate(model, data, self.choose_on)
        found: dict[str, Measurement] = {
            "table": {
                code: {factor: cell._asdict() for factor, cell in row.items()} for code, row in table.cells.items()
            },
            "best": {factor: _best(factor, chosen, table) for factor in data.info.factors},
            "measured_on": {"split": self.split, "images": table.images},
        }
        if self.choose_on is not None:
            found["chosen_on"] = {"split": self.choose_on, "images": chosen.images}
        return found


def _best(factor: str, chosen: Table, measured: Table) -> Measurement:
    """The code with the strongest association in one table, and its association in the other."""
    code = max(chosen.cells, key=lambda code: chosen.cells[code][factor].strength, default=None)
    return {"code": code, **(measured.cells[code][factor]._asdict() if code is not None else {})}
