"""Writes pages: of one run, and of several side by side."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gan_run.core.base.errors import DataError
from gan_run.core.base.files import write_text
from gan_run.report.alarms import ringings
from gan_run.report.charts import ChartGroup, chart_groups
from gan_run.report.facts import facts
from gan_run.report.gallery import BUDGET, gallery
from gan_run.report.heat_tables import heat_tables
from gan_run.report.measurements import measurements, weights
from gan_run.report.rendering import asset, digest, render
from gan_run.report.side_by_side import comparison_tables, pictures_side_by_side
from gan_run.results.commands import reproduce_command, use_commands
from gan_run.results.comparison import Comparison, compare
from gan_run.results.run import Run


def write_report(run: Run, out: Path) -> Path:
    """Write the page of one run.

    Args:
        run: The run, finished or not.
        out: The file.

    Returns:
        The file.

    Raises:
        RunError: A file of the run cannot be read.
        DataError: The file cannot be written.
    """
    found = compare([run], registry=run.plugins)
    tables = heat_tables(run)
    content = {
        **_of_run(run),
        "notes": found.notes,
        "measured": measurements(run),
        "weights": weights(run),
        "gallery": gallery(run, without=[table.folder for table in tables]),
        "tables": tables,
        "commands": use_commands(run),
    }
    return _write(out, "run.html.j2", run.path.resolve().name, chart_groups(found), content)


def write_comparison(found: Comparison, out: Path) -> Path:
    """Write a page with runs side by side; of a single run, its own page.

    Args:
        found: The runs.
        out: The file.

    Returns:
        The file.

    Raises:
        RunError: A file of a run cannot be read.
        DataError: The file cannot be written.
    """
    if len(found.runs) == 1:
        return write_report(next(iter(found.runs.values())), out)
    content = {
        "runs": {name: _of_run(run) for name, run in found.runs.items()},
        "found": found,
        "comparison": comparison_tables(found),
        "pictures": pictures_side_by_side(found, BUDGET),
        "notes": found.notes,
    }
    return _write(out, "runs.html.j2", f"{len(found.runs)} runs", chart_groups(found), content)


def _of_run(run: Run) -> dict[str, Any]:
    """What both pages say of a run."""
    return {
        "run": run,
        "facts": facts(run),
        "alarms": ringings(run),
        "environment": [_environment_rows(stretch) for stretch in run.environment],
        "spec": json.dumps(run.fields, indent=2, ensure_ascii=False),
        "reproduce": reproduce_command(run),
    }


def _environment_rows(stretch: Mapping[str, Any]) -> dict[str, str]:
    """Names and values; what is nested as NAME VALUE."""
    return {
        str(name): ", ".join(f"{key} {each}" for key, each in value.items()) if isinstance(value, dict) else str(value)
        for name, value in stretch.items()
        if value is not None
    }


def _write(out: Path, template: str, title: str, groups: list[ChartGroup], content: dict[str, Any]) -> Path:
    script = asset("charts.js")
    charts = [chart.for_script() for group in groups for chart in group.charts]
    page = render(
        template,
        title=title,
        groups=groups,
        charts=charts,
        style=asset("style.css"),
        script=script,
        script_hash=digest(script),
        version=version("gan-run"),
        **content,
    )
    if out.is_dir():
        raise DataError(f"{out} is a folder: name a file for the report")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, page)
    except OSError as error:
        raise DataError(f"{out}: the report cannot be written ({error})") from None
    return out
