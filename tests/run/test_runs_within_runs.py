"""A run that is started while another one goes on, and a run in a thread that is to stop."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import sim
from sim.solvers import DEFAULT

LINE = sim.scenario("infarct_myocardium").with_(duration="10 min").with_resolution(0.03)
PLANE = LINE.with_geometry("rectangle", {"lesion": 3, "border": 2})


def numbers(result):
    return result["Ca"].values.tolist()


@pytest.mark.parametrize("solver", [DEFAULT, "cvode"])
@pytest.mark.parametrize("scenario", [LINE, PLANE], ids=["line", "plane"])
def test_a_run_that_progress_starts_and_the_one_that_it_interrupts_are_themselves(scenario, solver):
    inner = []

    def report(_t, _steps):
        if not inner:
            inner.append(None)
            inner[0] = sim.simulate(scenario, times=3, solver=solver)

    outer = sim.simulate(scenario, times=3, solver=solver, progress=report)
    alone = sim.simulate(scenario, times=3, solver=solver)
    assert outer.success and numbers(outer) == numbers(inner[0]) == numbers(alone)


def test_a_run_in_a_thread_stops_where_its_progress_says_so_and_keeps_what_it_has():
    """Ctrl-C reaches the main thread alone; what it does there can be told to the run."""
    stop = threading.Event()

    def report(_t, steps):
        if steps >= 12:
            stop.set()  # as the main thread would
        if stop.is_set():
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(sim.simulate, LINE.with_(duration="30 day"), progress=report).result()
    assert result.status == "interrupted" and 0 < result.t[-1] < 30 * 86400.0
    assert result.stats["steps"] >= 12


def another(result):
    """A measure that runs a scenario of its own."""
    return float(sim.simulate(LINE.with_parameters({"lesion.radius": "1 mm"}), times=2)["Ca"].max())


def another_sweep(result):
    """A measure that sweeps, in a worker of its own."""
    design = sim.sweeps.grid({"lesion.radius": ["1 mm"]})
    table = sim.sweep(LINE, design, measures={"most": another}, workers=1, progress=False)
    return float(table.to_dataframe()["most"].iloc[0])


def test_measures_may_sweep_and_run():
    """A sweep within a measure starts a worker, whose measure runs."""
    table = sim.sweep(LINE, sim.sweeps.grid({"lesion.radius": ["2 mm"]}), measures={"m": another_sweep})
    assert table.to_dataframe()["m"].tolist() == [another(None)]
