"""What docs/sweeps.md and the script of docs/cluster.md show runs, or at least reads, as it stands."""

import ast
import re
import runpy
from pathlib import Path

import pytest

from sim.sweeps.plans.plan import load_plan

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
CLUSTER = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.S)


def test_the_first_steps_run(tmp_path, monkeypatch):
    """In order, in one namespace, from a file."""
    (tmp_path / "first_steps.py").write_text("\n".join(blocks("python")[:3]))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    module = __import__("first_steps")
    assert list(module.table.status) == ["finished"] * 9
    assert module.again.manifest["hash"] == module.row["run"]
    assert (tmp_path / "acid.png").read_bytes()[:4] == b"\x89PNG"


def test_the_file_is_one(tmp_path):
    (text,) = blocks("toml")
    (tmp_path / "mine.toml").write_text(text)
    plan = load_plan(tmp_path / "mine.toml")
    plan.check()
    assert len(plan.design) == 12 * 8


def test_the_script_for_a_cluster_is_python_and_its_arguments_exist():
    """dask-jobqueue need not be installed; where it is, SLURMCluster writes the script of a job."""
    script = re.findall(r"```python\n(.*?)```", CLUSTER, flags=re.S)[-1]
    tree = ast.parse(script)
    made = next(
        n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "SLURMCluster"
    )
    given = {k.arg: ast.literal_eval(k.value) for k in made.keywords}
    jobqueue = pytest.importorskip("dask_jobqueue")
    from dask_jobqueue.slurm import SLURMJob

    job = SLURMJob("tcp://127.0.0.1:9", name="0", **given)
    text = job.job_script()
    assert jobqueue.__version__
    for line in ("#SBATCH -p normal", "#SBATCH -A my_project", "#SBATCH -t 04:00:00", "--lifetime 225m"):
        assert line in text
    assert text.index("source ~/venv/bin/activate") < text.index("distributed.cli.dask_worker")


def test_pictures_are_there_and_small():
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", TEXT):
        path = ROOT / "docs" / name
        assert path.read_bytes()[:4] == b"\x89PNG"
        assert path.stat().st_size < 200_000


def test_every_sweep_of_the_package_has_its_pictures_on_the_page():
    """The script that draws them names the files that the page shows, and they are there."""
    script = runpy.run_path(str(ROOT / "docs" / "sweep_questions.py"), run_name="script")
    drawn = [script["picture"](name) for name in script["names"]()]
    assert [load_plan(name).figures for name in script["names"]()]
    assert sorted(p.name for p in drawn) == sorted(re.findall(r"\]\((sweep_\w+\.png)\)", TEXT))
    assert all(p.read_bytes()[:4] == b"\x89PNG" for p in drawn)
