"""The notebook of the examples, executed as a user does."""

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_the_notebook_runs_and_shows_its_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlxtend")
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "quickstart.json").write_bytes((EXAMPLES / "quickstart.json").read_bytes())
    notebook = nbformat.read(EXAMPLES / "turning_codes.ipynb", as_version=4)
    parameters = notebook.cells[1]
    assert parameters.source.startswith("steps = 2500")
    parameters.source = "steps = 6"
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    kinds = [kind for output in shown for kind in output.get("data", {})]
    pages = [output["data"]["text/html"] for output in shown if "text/html" in output.get("data", {})]
    assert "image/png" in kinds  # the grid
    assert sum("data:image/png" in page for page in pages) >= 2  # the card of the run, and the strips
    assert any("of their category's most frequent class" in output.get("text", "") for output in shown)
    assert (tmp_path / "runs/quickstart/report.html").exists()
