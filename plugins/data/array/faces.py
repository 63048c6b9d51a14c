"""Rendered faces with known factors."""

from typing import Literal

from pydantic import Field

from gan_run.plugins.data.array.factors import FactorTable, table_of_columns
from gan_run.plugins.data.array.source import ImageArray


class Faces(ImageArray):
    """Rendered faces in an array file: images, a table with a row of factors (pose, lighting, …) per image, and the
    names of the table's columns. Sets rendered with the Basel face model (Paysan et al. 2009) have this format.

    The licence of that model forbids redistributing its renders: ask its authors, or render your own.
    """

    type: Literal["faces"] = "faces"
    factor_table: str = Field(default="factors", description="Name of the array of factors, (M, K).")
    factor_names: str = Field(default="factor_names", description="Name of the array of the K factor names.")

    def table(self, count: int) -> FactorTable:
        return table_of_columns(self.file, self.factor_table, self.factor_names, count)
