"""What draws of nucleation cost: told before the run, and no state is held for each of them."""

import tracemalloc
import warnings
from dataclasses import replace

import numpy as np
import pytest
from crystal_burst import scenario

import sim
from sim.errors import LongRunWarning
from sim.run import memory
from sim.run.chance.nuclei import Nuclei
from sim.run.segments import Builder
from sim.solvers import DEFAULT, SOLVERS
from sim.solvers.steps.solution import Solution
from sim.solvers.steps.task import Task


def drawn(cells, draws):
    s = scenario(cells=cells)
    return s.with_stochastic_nucleation(seed=1, interval=s.duration / draws, sample="100 um2")


def rest(task):
    """An integrator that leaves the state as it is; as the others it returns a part of a larger room."""
    room = np.empty((task.t_eval.size + 1, task.y0.size))
    room[:-1] = task.y0
    return Solution(task.t_eval, room[:-1], task.t1, task.y0.copy(), statistics={"steps": 1})


def test_states_between_draws_are_not_held():
    """400 draws: their ends alone would be 400 states, the rooms for outputs as many again."""
    builder = Builder(drawn(cells=500, draws=400))
    system = next(builder.segments()).system
    y, t = builder.initial(system), np.linspace(0.0, builder.scenario.duration, 3)
    task = Task(system, 0.0, builder.scenario.duration, y, t, 1e-3, system.tolerances(1e-6))
    builder.nuclei.solve(rest, task)  # what is made once is there
    tracemalloc.start()
    try:
        found = builder.nuclei.solve(rest, task)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.statistics == {"steps": 400, "nuclei": 0, "draws": 400}
    assert found.t.tolist() == t.tolist() and found.end.shape == y.shape
    assert (found.y == y).all()
    assert most < 60 * y.nbytes


@pytest.mark.parametrize(("cells", "draws", "told"), [(2000, 1000, True), (2000, 999, False)])
def test_a_run_of_many_draws_on_many_cells_is_told(monkeypatch, cells, draws, told):
    """Two million restarted cells is where minutes begin; before the run, and of `simulate`."""

    class Begun(Exception):
        pass

    def begin(*_):
        raise Begun

    monkeypatch.setitem(SOLVERS, DEFAULT, replace(SOLVERS[DEFAULT], prepare=begin))
    with warnings.catch_warnings(record=True) as found, pytest.raises(Begun):
        warnings.simplefilter("always", LongRunWarning)
        sim.simulate(drawn(cells, draws))
    said = [str(w.message) for w in found if w.category is LongRunWarning]
    assert len(said) == told
    if told:
        assert "1000 draws on 2000 cells" in said[0] and "some 20000 steps" in said[0]
        assert "max_steps" not in said[0]


def test_steps_that_will_not_do_are_told_however_small_the_run():
    """120 draws take at least 120 steps, and some 20 each."""
    s = drawn(cells=2, draws=120)
    with pytest.warns(LongRunWarning, match="max_steps = 150 will stop it before its end"):
        result = sim.simulate(s, times=2, max_steps=150)
    assert result.status == "failed" and result.stats["draws"] < 120
    enough = sim.simulate(s, times=2)
    assert enough.success and 10 < enough.stats["steps"] / 120 < 40  # some 20, as the sentence says


def test_the_forecast_knows_of_crystals_not_yet_drawn():
    """Four species more, and four sums with them."""
    s, cells, outputs = drawn(cells=50, draws=10), 50, 7
    plain = replace(s, stochastic=None)
    more, less = (memory.memory_forecast(x, outputs=outputs).parts for x in (s, plain))
    assert more["states kept"] - less["states kept"] == 8 * outputs * cells * 4
    data = sim.simulate(s, times=outputs).dataset
    there = [v for v in data.data_vars.values() if set(v.dims) == {"time", "x"}]
    assert more["dataset"] == pytest.approx(8 * outputs * cells * len(there), rel=0.15)


def test_a_forecast_is_silent_where_draws_are_few():
    assert isinstance(nuclei := Builder(drawn(10, 10)).nuclei, Nuclei)
    assert nuclei.forecast(200_000) == ""
