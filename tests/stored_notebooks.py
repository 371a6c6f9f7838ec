"""Run notebooks and store them with their outputs: `python tests/stored_notebooks.py [NAME ...]`, or all.

The list of notebooks and their questions, notebooks/README.md, is written as well. Outputs are stored as the
kernel gives them, pictures with 256 colours, which makes them a third of the size. Times of execution and
widget state are not stored.
"""

import base64
import io
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LIST = ROOT / "notebooks" / "README.md"
HEAD = """# Notebooks

A course, from a first run to imaging. Each begins with a question and ends with an answer: a number, and the
bounds within which theory or experiments put it. Where the model is wrong the answer says so. Each takes some
seconds, once the model is compiled. They are stored with their pictures; to run them again:
`python -m pip install -e ".[notebook,fit,imaging]"`, then `jupyter lab`.

| | notebook | question |
|---|---|---|
"""
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
# Wall time, sizes of rounding and what a search by rounding takes: different on each machine and each time
VARIES = re.compile(
    r"; \d+\.\d+ s$|ledger residual \S+; largest undershoot \S+|\d+(\.\d+)? runs/s|\d+ runs, none", re.M
)


def executed(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy run from top to bottom in an empty folder, by a kernel that finds this package."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            nbformat.from_dict(notebook),
            timeout=300,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": folder}},
        )
        return client.execute(env=environment)


def compact(picture: str) -> str:
    """A PNG (base64) with the 256 colours that fit it best, on white."""
    image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    image = Image.alpha_composite(white, image).convert("RGB")
    few = image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    made = io.BytesIO()
    few.save(made, "png", optimize=True)
    return base64.b64encode(made.getvalue()).decode()


def store(path: Path) -> None:
    """Run a notebook and write it with its outputs, and nothing that tells of this machine."""
    notebook = executed(nbformat.read(path, as_version=4))
    notebook.metadata = nbformat.from_dict(KERNEL)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = compact(output["data"]["image/png"])
    nbformat.write(notebook, path)


def question(notebook: nbformat.NotebookNode) -> str:
    """What a notebook asks: the last paragraph of its first cell, on one line."""
    return " ".join(notebook.cells[0].source.rstrip().split("\n\n")[-1].split())


def listing() -> str:
    """The page that lists the notebooks in their order, with what each asks."""
    rows = []
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
        number = path.stem.partition("_")[0]
        rows.append(f"| {number} | [{title}]({path.name}) | {question(notebook)} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    for path in [p for p in NOTEBOOKS if p.stem in sys.argv[1:] or len(sys.argv) == 1]:
        store(path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
    LIST.write_text(listing(), encoding="utf-8")
