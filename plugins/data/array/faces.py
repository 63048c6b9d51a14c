"""The data source `faces`."""

from typing import Literal

from pydantic import Field

from gan_run.plugins.data.array.columns import Table, table_of_factors
from gan_run.plugins.data.array.source import ImageArray


class Faces(ImageArray):
    """Rendered faces in a .npz file, in the layout of sets made with the Basel face model (Paysan et al. 2009).

    The file has the images, a table of factors with a row per image (pose, light, …) and the names of its columns. The
    model's licence does not allow its renders to be distributed: ask its authors, or render heads of your own.
    """

    type: Literal["faces"] = "faces"
    factor_table: str = Field(default="factors", description="Name of the array of factors, (M, K).")
    factor_names: str = Field(default="factor_names", description="Name of the array of the K factor names.")

    def table(self, count: int) -> Table:
        return table_of_factors(self.file, self.factor_table, self.factor_names, count)
