"""A comparison for programs: as JSON, and as CSV."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gan_run.core.run.metric_summary import MetricSummary

if TYPE_CHECKING:
    from gan_run.results.comparison import Comparison
    from gan_run.results.grouping import RunGroup

Cell = str | int | float | None


def as_object(found: "Comparison") -> dict[str, object]:
    """A comparison, ready for JSON: the runs, the groups, what differs, and each number by run and by group."""
    runs = {
        name: {"path": str(run.path), "seed": run.fields.get("seed"), "step": run.step, "finished": run.is_finished}
        for name, run in found.runs.items()
    }
    return {
        "runs": runs,
        "groups": {group.name: list(group.runs) for group in found.groups},
        "differing": json.loads(json.dumps(found.differing, default=str)),  # a path is text in JSON
        "differing_without_effect_on_weights": list(found.free),
        "metrics": [_number(found, row) for row in found.rows],
        "notes": list(found.notes),
    }


def as_lines(found: "Comparison") -> list[dict[str, Cell]]:
    """The table of a comparison: for each group the fields that differ, and mean, standard deviation and number of runs
    of each number. None stands for what a group has not."""
    return [_line(found, group) for group in found.groups]


def write_csv(found: "Comparison", path: Path) -> None:
    """Write the table of a comparison. What a group has not is empty."""
    lines = as_lines(found)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


def field_text(value: object) -> str:
    """The value of a field as it is written on the command line: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def short_text(value: object, longest: int) -> str:
    """The value of a field in few characters; a component as TYPE(FIELD=VALUE, …).

    Args:
        value: The value.
        longest: How many characters are shown; an ellipsis takes the place of what follows.
    """
    if isinstance(value, Mapping) and "type" in value:
        fields = ", ".join(f"{name}={field_text(field)}" for name, field in value.items() if name != "type")
        text = f"{value['type']}({fields})"
    else:
        text = f"{value:.6g}" if isinstance(value, float) else field_text(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _number(found: "Comparison", row: MetricSummary[str]) -> dict[str, object]:
    by_group = {
        name: {"mean": summary.mean, "sd": summary.deviation, "runs": len(summary.values)}
        for name, summary in found.over_seeds(row).items()
    }
    return {
        "name": row.name,
        "measured_with": row.fingerprint,
        "better": row.headline.better,
        "unit": row.headline.unit,
        "values": dict(row.values),
        "groups": by_group,
        "best": found.best(row),
    }


def _line(found: "Comparison", group: "RunGroup") -> dict[str, Cell]:
    line: dict[str, Cell] = {"group": group.name, "runs": len(group.runs)}
    for place, by_group in found.differing.items():
        line[place] = field_text(by_group[group.name]) if group.name in by_group else None
    for row in found.rows:
        summary = row.within(group.runs)
        line[f"{row.title} mean"] = None if summary is None else summary.mean
        line[f"{row.title} sd"] = None if summary is None else summary.deviation
        line[f"{row.title} runs"] = 0 if summary is None else len(summary.values)
    return line
