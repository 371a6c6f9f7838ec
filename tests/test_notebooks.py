"""Every notebook runs from top to bottom, asks a question first and answers with a number last."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 3


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_runs_and_answers(path, monkeypatch):
    # The kernel is another process: it must find the package from a source tree too.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(path, as_version=4)
    assert "?" in notebook.cells[0].source, "the first cell asks a question"
    assert all(not c.get("outputs") for c in notebook.cells), "outputs are stripped"
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    answer = "".join(o.get("text", "") for o in notebook.cells[-1].outputs)
    assert re.search(r"\d", answer), "the last cell answers with a number"
