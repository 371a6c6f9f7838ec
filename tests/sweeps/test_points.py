"""The run of one point: whatever happens to it is a row, and costs no more than it may."""

import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from crystal_burst import scenario as burst

import sim
from sim import measures
from sim.errors import ConfigError, SolverError
from sim.solvers import DEFAULT, SOLVERS
from sim.sweeps.design.job import Job, Point
from sim.sweeps.engines import guard
from sim.sweeps.engines import point as jobs
from sim.sweeps.engines.guard import EXIT_CODE, Guard, Stop
from sim.sweeps.engines.point import run_point
from sim.sweeps.engines.worker_death import final_row_path

KEYS = {
    "key", "index", "inputs", "measures", "status", "reason", "run", "statistics", "wall", "versions",
    "result",
}  # fmt: skip


def small(duration="1 day"):
    return sim.scenario("infarct_myocardium").with_resolution(0.1).with_(duration=duration)


def row_of(base=None, inputs=None, expendable=False, grace=5.0, **changes):
    job = Job(base or small(), **{"times": 5, **changes})
    inputs = inputs or {"acid.load": 30.0}
    return run_point(job, Point(3, job.key(inputs), inputs), expendable, grace)


def endless(result):
    while True:
        pass


def stubborn(result):
    while True:
        try:
            time.sleep(1e-3)
        except Exception:  # noqa: S110
            pass


def broken(result):
    raise ZeroDivisionError("by nought")


# --- what a row says


def test_a_row_is_what_simulate_gives():
    row = row_of(measures={"mineral": measures.mean("HAP"), "pH": measures.lowest("pH")})
    result = sim.simulate(small().with_parameters({"acid.load": 30.0}), times=5)
    assert row.keys() == KEYS
    assert (row["status"], row["reason"], row["index"], row["result"]) == ("finished", "", 3, "")
    assert row["measures"] == {"mineral": measures.mean("HAP")(result), "pH": measures.lowest("pH")(result)}
    assert row["statistics"] == result.stats
    assert row["versions"] == result.manifest["versions"]
    assert json.loads(json.dumps(row)) == row


def test_a_measure_may_be_infinite():
    row = row_of(measures={"onset": measures.onset("HAP", above="1 M")})
    assert (row["status"], row["measures"]["onset"]) == ("finished", np.inf)


def test_rows_of_equal_points_are_equal_but_for_their_wall():
    def run():
        row = row_of(measures={"mineral": measures.mean("HAP")})
        return {k: v for k, v in row.items() if k != "wall"}

    assert run() == run()


def test_the_guard_changes_no_digit():
    free = row_of(measures={"mineral": measures.mean("HAP")})
    watched = row_of(measures={"mineral": measures.mean("HAP")}, timeout=100.0, memory=1e10)
    assert free["measures"] == watched["measures"]
    assert free["statistics"] == watched["statistics"]


def test_equal_measures_are_taken_once():
    class Counted:
        def __init__(self, kind):
            self.kind = kind

        def __call__(self, result):
            calls.append(self.kind)
            return 1.0

    calls = []
    row = row_of(measures={"a": Counted("x"), "b": Counted("x"), "c": Counted("y")})
    assert sorted(calls) == ["x", "y"]
    assert row["measures"] == {"a": 1.0, "b": 1.0, "c": 1.0}


def test_replicates_depend_on_their_seed_only():
    """Of a burst of nucleation in cells of which some get a crystal and some get none."""
    count = {"n": lambda r: r.stats["nuclei"], "crystals": measures.mean("hap_m0")}

    def run(seed, own):
        base = burst(cells=30).with_stochastic_nucleation(own, 1000.0, "100 um2")
        return row_of(base, {"seed": seed}, measures=count)

    rows = [run(s, own=99) for s in (1, 2, 3, 1)] + [run(2, own=5)]
    found = [json.dumps(r["measures"]) for r in rows]
    assert [r["status"] for r in rows] == ["finished"] * 5
    assert rows[0]["measures"]["n"] > 0
    assert found[0] == found[3]
    assert found[1] == found[4]
    assert len(set(found[:3])) == 3


# --- what fails


def test_a_measure_that_fails_is_told_and_costs_no_other():
    row = row_of(measures={"bad": broken, "end": lambda r: r.t[-1]})
    assert row["status"] == "failed"
    assert row["reason"] == "the measure 'bad': ZeroDivisionError: by nought"
    assert row["measures"] == {"bad": None, "end": 86400.0}


@pytest.mark.parametrize("value", ["high", None, [1.0, 2.0], 1j, {"r": 1.0}])
def test_what_is_no_number_is_told(value):
    row = row_of(measures={"x": lambda r: value})
    assert row["status"] == "failed"
    assert "is no number" in row["reason"]


def test_a_refused_scenario_keeps_its_sentence():
    row = row_of(inputs={"lesion.radus": 1e-3})
    assert row["status"] == "failed"
    assert "Did you mean 'lesion.radius'" in row["reason"]
    cut = small().with_intervention(sim.Intervention(at="0.5 day", boundary={"PPi": 1.0}))
    row = row_of(cut, {"intervention.1.at": 1e6})
    assert "the run ends at 1 day" in row["reason"]


def test_a_failed_run_keeps_reason_and_what_it_had(monkeypatch, tmp_path):
    solve = SOLVERS[DEFAULT].solve

    def limited(task):
        return solve(replace(task, max_steps=30))

    monkeypatch.setitem(SOLVERS, DEFAULT, replace(SOLVERS[DEFAULT], solve=limited))
    row = row_of(
        measures={"x": measures.mean("HAP")}, keep="failed", folder=str(tmp_path / "kept"), times=200
    )
    assert (row["status"], row["measures"]) == ("failed", {"x": None})
    assert "30 steps were not enough" in row["reason"]
    part = sim.load(tmp_path / "kept" / row["result"])
    assert part.status == "failed"
    assert 0 < part.t[-1] < 86400.0
    assert row["statistics"]["steps"] >= 30


@pytest.mark.parametrize(("keep", "kept"), [("none", False), ("failed", False), ("all", True)])
def test_whole_results_are_kept_as_asked(tmp_path, keep, kept):
    row = row_of(keep=keep, folder=str(tmp_path))
    assert bool(row["result"]) == kept
    assert len(list(tmp_path.iterdir())) == kept
    if kept:
        assert sim.load(tmp_path / row["result"]).t[-1] == 86400.0


def test_a_result_that_cannot_be_kept_does_not_cost_the_point(tmp_path):
    (tmp_path / "file").write_text("in the way")
    row = row_of(keep="all", folder=str(tmp_path / "file"), measures={"end": lambda r: r.t[-1]})
    assert (row["status"], row["measures"], row["result"]) == ("finished", {"end": 86400.0}, "")
    assert "could not be kept" in row["reason"]


def test_ctrl_c_is_no_row(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "solved", interrupted)
    with pytest.raises(KeyboardInterrupt):
        row_of()


def test_ctrl_c_that_a_solver_answered_is_no_row(monkeypatch):
    class Broken:
        status = "interrupted"

    monkeypatch.setattr(jobs, "solved", lambda *_: Broken)
    with pytest.raises(KeyboardInterrupt):
        row_of()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"measures": {"x": 3.0}}, "function of a Result"),
        ({"measures": [endless]}, "give {'mineral'"),
        ({"keep": "fail"}, "Did you mean 'failed'"),
        ({"timeout": 0.0}, "timeout = 0.0"),
        ({"timeout": "1 min"}, "timeout = '1 min'"),
        ({"memory": -1}, "memory = -1"),
        ({"solver": "cvod"}, "Did you mean 'cvode'"),
        ({"base": "infarct_myocardium"}, "needs a Scenario"),
    ],
)
def test_a_job_that_cannot_be_is_told(changes, words):
    with pytest.raises((ConfigError, SolverError)) as error:
        Job(**{"base": small(), **changes})
    assert words in str(error.value)


def test_a_measure_that_cannot_be_described_is_taken_all_the_same():
    held = iter([5.0])
    assert row_of(measures={"x": lambda r: 1.0}, timeout=9.0)["status"] == "finished"
    job = Job(small(), {"x": lambda r: next(held)}, times=5)
    assert run_point(job, Point(0, "0" * 64, {}))["measures"] == {"x": 5.0}


# --- what never ends


@pytest.mark.parametrize("measure", [endless, stubborn])
def test_an_endless_measure_costs_its_time_out(measure, tmp_path):
    row_of()  # compiled
    start = time.perf_counter()
    row = row_of(
        measures={"end": lambda r: r.t[-1], "x": measure}, timeout=0.5, keep="failed", folder=str(tmp_path)
    )
    assert time.perf_counter() - start < 5
    assert row["status"] == "timed out"
    assert "after 0.5 s" in row["reason"]
    assert row["measures"] == {"end": 86400.0, "x": None}
    assert sim.load(tmp_path / row["result"]).status == "finished"


def test_a_long_run_stops_at_its_time_out_and_keeps_what_it_had(tmp_path):
    base = sim.scenario("infarct_myocardium").with_(duration="3000 day")
    start = time.perf_counter()
    row = row_of(base, rtol=1e-12, atol=1e-12, timeout=0.4, folder=str(tmp_path), measures={"x": broken})
    assert time.perf_counter() - start < 5  # the compiler and the dataset are not on the clock
    assert (row["status"], row["measures"]) == ("timed out", {"x": None})
    part = sim.load(tmp_path / row["result"])
    assert part.status == "interrupted"
    assert 0 < part.t[-1] < base.duration


@pytest.mark.parametrize("solver", ["ndf", "bdf", "cvode"])
def test_solvers_stop_by_themselves_between_two_steps(solver, monkeypatch):
    """Nothing thrown: an exception from outside could arrive while the result is made, and cost it."""
    monkeypatch.setattr(Guard, "_throw", lambda self, now: None)
    base = sim.scenario("infarct_myocardium").with_(duration="3000 day")
    start = time.perf_counter()
    row = row_of(base, solver=solver, rtol=1e-12, atol=1e-12, timeout=0.3)
    assert row["status"] == "timed out"
    assert time.perf_counter() - start < 10


def test_after_a_time_out_the_next_point_is_as_good_as_any():
    good = row_of(measures={"x": measures.mean("HAP")})
    for _ in range(5):
        assert row_of(measures={"x": endless}, timeout=0.2)["status"] == "timed out"
        again = row_of(measures={"x": measures.mean("HAP")}, timeout=50.0)
        assert (again["status"], again["measures"]) == ("finished", good["measures"])


def test_a_point_that_ends_at_its_time_out_is_one_or_the_other():
    """Ends around the time-out are where a late exception would escape."""
    length = row_of(timeout=100.0)["wall"]
    for k in range(20):
        row = row_of(timeout=length * (0.5 + k / 20), measures={"x": lambda r: time.sleep(0.03) or 1.0})
        assert row["status"] in ("finished", "timed out"), row["reason"]
        assert row["status"] == "timed out" or row["measures"]["x"] == 1.0


def test_a_stop_on_the_way_out_leaves_no_guard_behind(monkeypatch):
    """One left behind would throw again, seconds later, into whatever runs then."""

    def late(self, *_):
        raise Stop  # as an exception set from outside may do before the first line is run

    monkeypatch.setattr(Guard, "__exit__", late)
    row = row_of(measures={"end": lambda r: r.t[-1]}, timeout=50.0)
    assert (row["status"], row["measures"]) == ("finished", {"end": 86400.0})
    assert not guard._watch.guards


def test_what_is_being_imported_or_compiled_is_not_cut_short(tmp_path, monkeypatch):
    """A Stop within a callback of the compiler is lost, and a module half imported stays so."""
    text = f"import time\nwith open({str(tmp_path / 'begun')!r}, 'a') as file:\n    file.write('x')\n"
    text += "time.sleep(0.7)\nwhole = True\n"
    (tmp_path / "slow_to_import.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)

    def late(result):
        import slow_to_import

        return float(slow_to_import.whole) + endless(result)

    assert row_of(measures={"x": late}, timeout=0.2)["status"] == "timed out"
    import slow_to_import

    assert slow_to_import.whole
    assert (tmp_path / "begun").read_text() == "x"  # not a second time


def test_points_in_several_threads_have_clocks_of_their_own():
    rows = {}

    def run(name, timeout):
        rows[name] = row_of(measures={"x": endless}, timeout=timeout)

    threads = [threading.Thread(target=run, args=(k, 0.3 + 0.3 * k)) for k in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
    assert [rows[k]["status"] for k in range(3)] == ["timed out"] * 3
    assert rows[0]["wall"] < rows[2]["wall"]


def deaf(result):
    """As compiled code without the lock of the interpreter: nothing raised in this thread arrives."""
    while True:
        try:
            time.sleep(1e-3)
        except BaseException:  # noqa: S110
            pass


PROGRAM = """
    import sys
    sys.path[:0] = [{here!r}, {here!r} + "/.."]
    from test_points import deaf, row_of
    row_of()
    row_of(measures={{"x": deaf}}, timeout=0.2, expendable=True, grace=0.3, folder={folder!r})
"""


def test_an_expendable_process_that_does_not_react_leaves_its_row_and_ends(tmp_path):
    text = PROGRAM.format(here=os.path.dirname(__file__), folder=str(tmp_path))
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == EXIT_CODE, run.stderr
    (path,) = tmp_path.iterdir()
    row = json.loads(path.read_text())
    assert final_row_path(Job(small(), folder=str(tmp_path)), row["key"]) == path
    assert (row["status"], row["measures"]) == ("timed out", {"x": None})
    assert row.keys() == KEYS


# --- memory


def test_a_measure_that_eats_memory_is_stopped():
    def hungry(result):
        kept = []
        while True:
            kept.append(np.ones(1_000_000))  # 8 MB
            time.sleep(1e-3)

    row = row_of(measures={"x": hungry}, memory=2e8, timeout=60.0)
    assert row["status"] == "out of memory"
    assert "200 MB are allowed" in row["reason"]


def test_a_run_that_would_not_fit_is_not_begun(monkeypatch):
    monkeypatch.setattr(jobs, "compile_for", lambda *_: None)
    start = time.perf_counter()
    row = row_of(sim.scenario("infarct_myocardium").with_resolution(500), memory=1e8)
    assert time.perf_counter() - start < 2
    assert row["status"] == "out of memory"
    assert "needs about" in row["reason"]


def test_memory_that_is_not_there_is_out_of_memory():
    def hungry(result):
        raise MemoryError("no room for that")

    row = row_of(measures={"x": hungry})
    assert (row["status"], row["measures"]) == ("out of memory", {"x": None})


TRACED = """
import sys, time
from sim.sweeps.engines.guard import Guard

def endless():
    while True:
        pass

for call, timeout in ((lambda: None, 50.0), (endless, 0.1)):
    with Guard(timeout) as guard:
        call()
    print(guard.status)
lines = 0

def count(frame, event, argument):
    global lines
    lines += event == "line"
    return count

def traced():
    for _ in range(100):
        pass

sys.settrace(count)
traced()
sys.settrace(None)
print(lines > 100)
"""


def test_a_watched_process_can_be_traced_afterwards():
    """By a debugger, coverage or Hypothesis. With an exception taken back, Python 3.11 stood still there."""
    done = subprocess.run(
        [sys.executable, "-c", TRACED], capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stdout.split("\n") == ["", "timed out", "True", ""]
