"""The notebook runs from its first cell to its last, with fewer training steps."""

from __future__ import annotations

from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "quickstart.ipynb"
STEPS = 'STEPS = {"project": 10, "tune": 144}'

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Jupyter's own, in this process
]


def test_the_notebook_runs(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    pytest.importorskip("torch")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert sum(STEPS in cell.source for cell in notebook.cells) == 1
    for cell in notebook.cells:
        cell.source = cell.source.replace(STEPS, 'STEPS = {"project": 2, "tune": 4}')
    resources = {"metadata": {"path": str(tmp_path)}}
    client.NotebookClient(notebook, timeout=300, resources=resources).execute()
    shown = [
        output["data"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    assert sum("data:image/jpeg;base64" in data.get("text/html", "") for data in shown) == 2
    assert (tmp_path / "out" / "notebook" / "run" / "tune" / "model" / "config.json").is_file()
