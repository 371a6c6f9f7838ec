"""Run notebooks and store them with their outputs: `python tests/stored_notebooks.py [NAME ...]`, or all.

Outputs are stored as the kernel gives them, pictures with 256 colours, which makes them a third of the size.
Times of execution and widget state are not stored.
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


if __name__ == "__main__":
    for path in [p for p in NOTEBOOKS if p.stem in sys.argv[1:] or len(sys.argv) == 1]:
        store(path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
