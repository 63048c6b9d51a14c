"""A run as a card in a notebook."""

from gan_run.report.gallery import gallery
from gan_run.report.heat_tables import heat_tables
from gan_run.report.measurements import measurements
from gan_run.report.rendering import render
from gan_run.results.run import Run

BUDGET = 2 * 2**20
"""Bytes of the pictures of a card."""
MOST = 6
"""Pictures of a card."""


def card(run: Run) -> str:
    """The name, the step, the numbers and the last pictures of a run.

    Args:
        run: The run, finished or not.

    Returns:
        HTML without a script, in the colours of the notebook.
    """
    pictures = gallery(run, steps=(1,), budget=BUDGET, without=[table.folder for table in heat_tables(run)])
    still = [viewer for viewer in pictures.viewers if not viewer.is_animated]
    return render("card.html.j2", run=run, measured=measurements(run), viewers=still[:MOST])
