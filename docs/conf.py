"""How the manual is built: sphinx-build docs site."""

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
# Links to what lies beside docs (examples, CHANGELOG.md) work where the repository is browsed.
suppress_warnings = ["myst.xref_missing"]


def write_reference(app: Sphinx) -> None:
    """The reference's pages, anew from what is installed."""
    from reference import pages

    for name, text in pages().items():
        path = DOCS / "reference" / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Sphinx's hook."""
    app.connect("builder-inited", write_reference)
