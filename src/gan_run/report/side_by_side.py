"""The tables and pictures of several runs."""

from typing import NamedTuple

from gan_run.report.gallery import Gallery, Viewer, gallery
from gan_run.results.comparison import Comparison
from gan_run.results.tables import short_text

LONGEST = 90
"""Characters of a field's value that are shown; the spec of each run has all."""


class Entry(NamedTuple):
    """A cell of a table of runs."""

    text: str
    is_best: bool = False


class Row(NamedTuple):
    """A number, or a field of the spec."""

    title: str
    note: str
    """Unit, direction and fingerprint."""
    entries: list[Entry]


class Tables(NamedTuple):
    """A comparison as tables, with a column for each group of runs; of a single group, for each run."""

    columns: list[str]
    differing: list[Row]
    numbers: list[Row]
    has_deviations: bool


class PictureRow(NamedTuple):
    """The same picture of each run."""

    folder: str
    title: str
    by_run: dict[str, Viewer]


def comparison_tables(found: Comparison) -> Tables:
    """What differs in the specs, and the numbers, as texts.

    Args:
        found: The runs.
    """
    groups = [group.name for group in found.groups]
    if len(groups) == 1:
        return Tables([*found.runs], [], _numbers_of_runs(found), False)
    counts = Row("runs", "", [Entry(str(len(group.runs))) for group in found.groups])
    differing = [
        Row(place, "", [Entry(short_text(by[name], LONGEST) if name in by else "–") for name in groups])
        for place, by in found.differing.items()
    ]
    several = any(len(group.runs) > 1 for group in found.groups)
    return Tables(groups, [counts, *differing] if several else differing, _numbers_of_groups(found), several)


def _numbers_of_runs(found: Comparison) -> list[Row]:
    rows = []
    for row in found.rows:
        best = row.best[0] if len(row.values) > 1 else None
        entries = [
            Entry(row.headline.show(row.values[run]), run == best) if run in row.values else Entry("–")
            for run in found.runs
        ]
        rows.append(Row(row.name, _note(row.headline.unit, row.headline.better, row.fingerprint), entries))
    return rows


def _numbers_of_groups(found: Comparison) -> list[Row]:
    rows = []
    for row in found.rows:
        best, entries = found.best(row), []
        summaries = found.over_seeds(row)
        for group in found.groups:
            if (summary := summaries.get(group.name)) is None:
                entries.append(Entry("–"))
                continue
            show = row.headline.show
            deviation = "" if summary.deviation is None else f" ± {show(summary.deviation)}"
            of = "" if len(summary.values) == len(group.runs) else f" ({len(summary.values)} of {len(group.runs)} runs)"
            entries.append(Entry(f"{show(summary.mean)}{deviation}{of}", group.name == best))
        rows.append(Row(row.name, _note(row.headline.unit, row.headline.better, row.fingerprint), entries))
    return rows


def _note(unit: str, better: str, fingerprint: str) -> str:
    return ", ".join(part for part in (unit, f"{better} is better", f"#{fingerprint}" if fingerprint else "") if part)


def pictures_side_by_side(found: Comparison, budget: int) -> tuple[list[PictureRow], list[str]]:
    """The last pictures of each run, those of one name in a row, and the files that were left out.

    Args:
        found: The runs.
        budget: Bytes of all pictures.
    """
    galleries: dict[str, Gallery] = {
        name: gallery(run, steps=(1,), budget=budget // len(found.runs)) for name, run in found.runs.items()
    }
    rows: dict[tuple[str, str, bool], PictureRow] = {}
    for name, each in galleries.items():
        for viewer in each.viewers:
            key = viewer.folder, viewer.title, viewer.is_animated
            rows.setdefault(key, PictureRow(viewer.folder, viewer.title, {})).by_run[name] = viewer
    return [*rows.values()], [file for each in galleries.values() for file in each.left_out]
