"""The forecast of memory against what the system says a run took, and the door that it guards."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

import sim
from sim import machine
from sim.cli import main
from sim.errors import ScenarioError
from sim.run import memory
from sim.solvers import SOLVERS
from sim.summary.summary_lines import summary_lines

NAME = "infarct_myocardium"
ROOT = Path(__file__).parents[2]


def scenario(geometry, lesion, border):
    return (
        sim.scenario(NAME).with_(duration="1 h").with_geometry(geometry, {"lesion": lesion, "border": border})
    )


MEASURE = """
    import ctypes
    import sim
    base = sim.scenario("infarct_myocardium").with_(duration="10 min")
    def scene(geometry, lesion, border):
        return base.with_geometry(geometry, {"lesion": lesion, "border": border})
    def row(key):
        return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith(key)) * 1024
    for warm in (("rectangle", 2, 1), ("rectangle", 7, 3), ("box", 7, 3), ("slab", 2, 1)):
        sim.simulate(scene(*warm), rtol=1e-2, times=3)
    for case in (("rectangle", 60, 20, 3), ("box", 15, 5, 3), ("slab", 1500, 500, 121)):
        tissue = scene(*case[:3])
        ctypes.CDLL(None).malloc_trim(0)
        open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
        before = row("VmRSS")
        result = sim.simulate(tissue, rtol=1e-2, times=case[3])
        print(row("VmHWM") - before, sim.memory_forecast(tissue, outputs=case[3]).peak)
        del result
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells and resets the peak")
def test_the_forecast_is_right_to_a_third():
    """The states and the dataset of a long line, and the linear systems of a rectangle and a box.

    Judged by the kernel's own count in a process of its own, after a small run has loaded all; what a
    compiler used is given back before.
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MEASURE)],
        capture_output=True, text=True, check=False, timeout=300, cwd=ROOT,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    rows = [tuple(map(int, line.split())) for line in run.stdout.splitlines()]
    assert len(rows) == 3
    print(rows)
    for took, forecast in rows:
        assert forecast == pytest.approx(took, rel=0.33)


def test_outputs_and_cells_are_counted():
    """More outputs: 33 states twice, or those and the dataset; cells: a box is a cube of its layers."""
    few, many = (memory.memory_forecast(scenario("slab", 300, 100), outputs=k) for k in (1000, 2000))
    assert few.cells == 400
    assert many.parts["states kept"] - few.parts["states kept"] == pytest.approx(
        1000 * 33 * 400 * 8, rel=0.01
    )
    assert many.peak > 1.9 * few.peak
    for geometry, lesion, border in (("rectangle", 3, 2), ("box", 2, 1), ("sphere", 8, 4)):
        s = scenario(geometry, lesion, border)
        assert memory.cell_count(s) == sim.simulate(s.with_(duration="1 s"), times=2)["volume"].size


def test_columns_are_those_of_a_dataset():
    s = scenario("slab", 3, 2)
    data = sim.simulate(s, times=2).dataset
    there = [v for v in data.data_vars.values() if set(v.dims) == {"time", "x"}]
    expected = sim.memory_forecast(s, outputs=2).parts["dataset"] / (2 * 5 * 8)
    assert expected == len(there)


def test_every_solver_has_its_row():
    for name, row in SOLVERS.items():
        assert row.name == name and row.memory.vectors >= 4  # y, outputs, and what passes between


def test_a_dense_matrix_of_a_large_plane_is_refused_before_anything_is_built():
    """lsoda on 100 x 100 cells: (33 x 10^4)^2 numbers are 871 GB."""
    s = scenario("rectangle", 40, 10)
    found = memory.memory_forecast(s, "lsoda")
    assert found.parts["Jacobian"] == pytest.approx((33e4) ** 2 * 8, rel=0.01)
    with pytest.raises(ScenarioError, match=r"10000 cells with lsoda needs about 8[67]\d GB"):
        memory.admitted(s, "lsoda", free=64 * 10**9)


def test_the_door_of_simulate_and_of_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "free_memory", lambda: 10**6)
    with pytest.raises(ScenarioError, match=r"1 MB are free\. Take fewer cells"):
        sim.simulate(scenario("slab", 30, 20))
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["run", NAME, "--out", str(out)])
    assert done.exit_code == 2
    assert "1 MB are free" in done.output
    assert not out.exists()


def test_a_system_that_does_not_say_refuses_nothing(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    assert sim.simulate(scenario("slab", 3, 2).with_(duration="1 s"), times=2).success


def test_the_manifest_tells_forecast_and_peak():
    s = scenario("slab", 3, 2).with_(duration="1 s")
    result = sim.simulate(s, times=2)
    found = result.manifest["memory"]
    assert found["forecast"] == sim.memory_forecast(s, outputs=2).peak
    if found["process_peak"] is not None and found["process_before"] is not None:
        assert found["process_peak"] >= found["process_before"] > 50e6  # Python and numba alone


def test_large_runs_say_what_they_took(monkeypatch):
    result = sim.simulate(scenario("slab", 3, 2).with_(duration="1 s"), times=2)
    assert "memory" not in [row.key for row in summary_lines(result)]
    result.manifest["memory"] |= {"forecast": 10**9, "process_before": 2 * 10**8, "process_peak": 13 * 10**8}
    monkeypatch.setattr(memory, "LARGE", 4)
    row = next(row for row in summary_lines(result) if row.key == "memory")
    assert row.text == "1.3 GB at the peak, 200 MB before the run (forecast 1 GB for the run)"
    assert row.value == {"peak": 13 * 10**8, "before": 2 * 10**8, "forecast": 10**9}


def test_a_container_has_its_limit(tmp_path):
    for name, text in (
        ("memory.max", "1000\n"), ("memory.current", "700\n"), ("memory.stat", "anon 1\ninactive_file 200\n"),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
    assert machine._of_group(str(tmp_path)) == 500
    (tmp_path / "memory.max").write_text("max\n")
    assert machine._of_group(str(tmp_path)) is None


def test_sizes_are_read_at_a_glance():
    assert [memory.size_text(v) for v in (6.3e11, 2.1e9, 3.1e8, 5e4)] == [
        "630 GB",
        "2.1 GB",
        "310 MB",
        "50 kB",
    ]
