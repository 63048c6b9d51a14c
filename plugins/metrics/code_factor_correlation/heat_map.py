"""The heat map of codes and factors."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from gan_run import Artifact, DataInfo, Model, Problem, SpecView, Split, Splits, save_heat_map
from gan_run.plugins.metrics.code_factor_correlation.table import tabulate


class CodeFactorHeatMap(Artifact):
    """A heat map with a row per code and a column per factor, as a picture and as JSON; dark: a strong association."""

    type: Literal["code-factor-heat-map"] = "code-factor-heat-map"
    split: Split = Field(default="test", description="The split whose images are encoded.")

    @property
    def folder(self) -> str:
        return "factors"

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        if not data.factors:
            yield Problem(("type",), "the data has no columns but the class")
        if why := data.why_no_set(self.split):
            yield Problem(("split",), why)

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        table = tabulate(model, data, self.split)
        if not table.cells:
            return []
        picture, numbers = (stem.with_name(f"{stem.name}.{suffix}") for suffix in ("png", "json"))
        titles = [model.code_names.title(code_dim) for code_dim in model.latents.code_dims(model.codes)]
        factors = list(data.info.factors)
        strengths = np.array([[row[factor].strength for factor in factors] for row in table.cells.values()])
        texts = np.array([[f"{strength:.2f}" for strength in row] for row in strengths])
        save_heat_map(strengths, titles, factors, texts, picture)
        content = {"split": self.split, "codes": titles, "factors": factors, "strengths": strengths.tolist()}
        numbers.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return [picture, numbers]
