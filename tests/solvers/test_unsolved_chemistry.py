"""A step in which the chemistry of some cell was not solved is done again, shorter, by every solver."""

import math

import numpy as np
import pytest

from sim.binder.system import System
from sim.model.model import Model
from sim.model.process import Process
from sim.model.species import Species
from sim.parameters.parameter import Parameter
from sim.solvers import Task, solver
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.space import grid as grids

REACH = 0.01  # s: how far from the last accepted state the chemistry is solved
WALL = 0.7  # s: beyond this it never is


def decay(a, k):
    return k * a


class Brittle(System):
    """a' = -a in three cells. What it reports where it has no solution looks harmless but is wrong, as
    the place is where a search ended: nothing but its count of failures tells."""

    reached, reach, wall = 0.0, math.inf, math.inf
    watched = False

    def _check(self, t, out, wrong):
        if self.watched and (t > self.reached + self.reach or t > self.wall):
            self.failures[0] += 1
            out *= wrong

    def rhs(self, t, y, dy):
        super().rhs(t, y, dy)
        self._check(t, dy, 0.999)

    def slopes(self, t, y, out=None):
        out = super().slopes(t, y, out)
        self._check(t, out, np.nan)
        return out


def run(name, reach=math.inf, wall=math.inf, t1=1.0, **options):
    """The solution, and the lengths of the steps that were accepted."""
    model = Model(
        (Species("a"),), (Process("p", decay, {"a": -1}, {"k": Parameter(1.0, "1/s")}),), name="decay"
    )
    s = Brittle(model, grids.rectangle([1e-3, 1e-3], [3, 1]))
    s.reach, s.wall, s.watched = reach, wall, True
    y, steps = np.ones(s.size), []

    def accepted(t, n):
        steps.append(t - s.reached)
        s.reached = t

    found = solver(name).solve(
        Task(s, 0.0, t1, y, np.array([t1]), 1e-5, s.tolerances(1e-7), progress=accepted, **options)
    )
    return found, np.array(steps)


@pytest.mark.parametrize("name", ["ndf", "cvode", "rk", "rkc"])
def test_no_step_is_built_on_chemistry_that_was_not_solved(name):
    """Steps would be longer than the chemistry reaches; none of those accepted is."""
    free, steps = run(name)
    assert steps.max() > 1.5 * REACH
    found, steps = run(name, reach=REACH)
    assert found.status == "finished", found.message
    assert steps.max() <= REACH * (1 + 1e-9)
    assert found.end == pytest.approx(math.exp(-1.0), rel=3e-4)
    assert free.end == pytest.approx(math.exp(-1.0), rel=3e-4)
    if name != "ndf":  # which counts them among what Newton could not do
        assert free.statistics["unsolved"] == 0 and found.statistics["unsolved"] > 0


@pytest.mark.parametrize("name", ["ndf", "cvode", "rk", "rkc"])
def test_chemistry_that_is_never_solved_ends_the_run_where_it_was(name):
    found, _ = run(name, wall=WALL, max_steps=2000)
    assert found.status == "failed"
    assert WALL - REACH < found.t_end <= WALL
    assert found.end == pytest.approx(math.exp(-found.t_end), rel=3e-4)
    if name != "ndf":
        assert "the chemistry in one of cells 0-2 was not solved" in found.message


@pytest.mark.parametrize("name", ["cvode", "rk", "rkc"])
def test_a_start_without_a_solution_is_said_at_once(name):
    found, steps = run(name, wall=-1.0)
    assert found.status == "failed" and steps.size == 0 and found.t_end == 0.0
    assert "no solution in the state that the run starts from" in found.message


@pytest.mark.parametrize("name", ["rk", "rkc"])
def test_a_fixed_step_that_cannot_be_done_is_refused(name):
    found, _ = run(name, reach=REACH, step=0.1)
    assert found.status == "failed"
    assert "was not solved; the fixed step of 0.1 s cannot be done" in found.message


@pytest.mark.parametrize("times", [1, 3])
def test_a_preconditioner_that_is_singular_costs_a_step_not_the_run(monkeypatch, times):
    """as where pores nearly close; the statistics say how often."""
    factor, calls = LinearSystem.factor, []

    def singular_at_first(self, gamma):
        calls.append(gamma)
        return False if 2 <= len(calls) < 2 + times else factor(self, gamma)

    monkeypatch.setattr(LinearSystem, "factor", singular_at_first)
    found, _ = run("cvode")
    assert len(calls) > 2 + times
    assert found.status == "finished", found.message
    assert found.statistics["singular"] == times
    assert found.end == pytest.approx(math.exp(-1.0), rel=3e-4)
