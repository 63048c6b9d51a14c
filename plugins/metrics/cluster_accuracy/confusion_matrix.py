"""The artifact `confusion-matrix`."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from gan_run import (
    Artifact,
    DataInfo,
    Model,
    Problem,
    SpecView,
    Split,
    Splits,
    assign_categories,
    contingency,
    match_classes,
    save_heat_map,
)
from gan_run.plugins.metrics.cluster_accuracy.problems import code_problems, data_problems


class ConfusionMatrix(Artifact):
    """The categories of a code (rows) against the classes of real images (columns), as a picture and as JSON.

    A cell has the number of images; it is the darker, the larger their share of the row. Rows are in the order of the
    classes that they are matched to one to one (Kuhn 1955), those without a class last, and have the names of their
    categories in labels.json, if they have names.
    """

    type: Literal["confusion-matrix"] = "confusion-matrix"
    code: str = Field(description="The categorical code, or one of its copies: category[0].")
    split: Split = Field(default="test", description="The split whose images are counted.")

    @property
    def folder(self) -> str:
        return "confusion"

    def check(self, spec: SpecView) -> Iterable[Problem]:
        return code_problems(spec, self.code)

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        return data_problems(spec, data, self.code, split=self.split)

    def render(self, model: Model, data: Splits, stem: Path) -> list[Path]:
        assigned = assign_categories(model, self.code, data[self.split])
        names = data.info.class_names or tuple(str(label) for label in range(1 + int(assigned.labels.max())))
        counts = contingency(assigned, len(names))
        matched = match_classes(counts)
        order = sorted(range(len(matched)), key=lambda category: (matched[category] is None, matched[category] or 0))
        table = counts[order].numpy()
        shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
        (code,) = model.latents.code_dims([self.code])
        categories = [self._title(model.code_names.value_title(code, category), category) for category in order]
        picture, numbers = (stem.with_name(f"{stem.name}.{suffix}") for suffix in ("png", "json"))
        save_heat_map(shares, categories, names, table.astype(np.str_), picture)
        content = {
            "code": self.code,
            "split": self.split,
            "categories": categories,
            "classes": list(names),
            "counts": table.tolist(),
            "shares": shares.tolist(),
        }
        numbers.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return [picture, numbers]

    def _title(self, name: str, category: int) -> str:
        """What a row is called: `category 3`, or `category 3 (seven)`."""
        return f"{self.code} {category}" + (f" ({name})" if name != str(category) else "")
