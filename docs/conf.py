"""Builds the manual: sphinx-build docs site."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

project = "gan-run"
html_title = "gan-run"
html_theme = "furo"
extensions = ["myst_parser"]
myst_heading_anchors = 3
exclude_patterns = ["site"]
# Links to files outside docs (examples, CHANGELOG.md) work where the repository is browsed.
suppress_warnings = ["myst.xref_missing"]


def write_reference(app: Sphinx) -> None:
    """Write the reference's pages from what is installed, and remove those of earlier builds."""
    from reference import pages

    folder, written = DOCS / "reference", pages()
    folder.mkdir(exist_ok=True)
    for name, text in written.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path.name not in written:
            path.unlink()


def setup(app: Sphinx) -> None:
    """Sphinx's hook."""
    app.connect("builder-inited", write_reference)
