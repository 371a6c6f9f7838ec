"""Reactions and measures of a main script, and of a notebook, on a Dask cluster of processes."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("distributed")

DEFINED = """
import sim
HALF = 0.5
def shared(A): return HALF * A
def decay(A, k): return 2.0 * k * shared(A)
def left(result): return float(result["A"][-1].mean())
decaying = sim.Process("decay", decay, {"A": -1}, {"k": sim.Parameter(1e-4, "1/s")})
model = sim.Model((sim.Species("A", initial=1.0),), (decaying,))
base = sim.Scenario("own", model, layers=(("tissue", 2),), outer="closed", duration="1 h",
                    parameters={"tissue.thickness": sim.Parameter(1.0, "mm")})
design = sim.sweeps.grid({"decay.k": ["1e-4 /s", "3e-4 /s"]})
"""
RUN = """
from distributed import Client, LocalCluster
with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
    with Client(cluster) as client:
        table = sim.sweep(base, design, measures={"left": left}, client=client)
print("left", *table.to_dataframe()["left"])
"""
EXACT = [math.exp(-k * 3600.0) for k in (1e-4, 3e-4)]


def left(text):
    """The numbers of the line that begins with "left"."""
    line = next(line for line in text.splitlines() if line.startswith("left"))
    return [float(word) for word in line.split()[1:]]


@pytest.mark.slow
def test_what_a_script_defines_runs_on_a_cluster_of_processes(tmp_path):
    guarded = "if __name__ == '__main__':" + RUN.replace("\n", "\n    ")
    (tmp_path / "script.py").write_text(DEFINED + guarded + "\n")
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, str(tmp_path / "script.py")]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert left(done.stdout) == pytest.approx(EXACT, rel=1e-3)


@pytest.mark.slow
def test_what_a_cell_of_a_notebook_defines_runs_on_a_cluster_of_processes(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    from nbclient import NotebookClient

    v4 = nbformat.v4
    notebook = v4.new_notebook(cells=[v4.new_code_cell(DEFINED), v4.new_code_cell(RUN)])
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = "".join(o.text for o in notebook.cells[1].outputs if o.get("name") == "stdout")
    assert left(said) == pytest.approx(EXACT, rel=1e-3)
