"""Chemistry of outputs that has no solution is told of with the result."""

import pytest

import sim
from sim.binder.system import System
from sim.errors import RangeWarning


def short():
    return sim.scenario("normal_tissue_control").with_(duration="1 h")


def test_outputs_whose_chemistry_has_no_solution_are_told_of(monkeypatch):
    """The second group of cells is said to have none in what is shown after the start."""
    evaluate_all = System.evaluate_all

    def lost(self, t, y):
        self.failures[1] += int(t[-1] > 0.0)
        return evaluate_all(self, t, y)

    monkeypatch.setattr(System, "evaluate_all", lost)
    with pytest.warns(RangeWarning, match="in one of cells 8-15 has no solution at an output from 0 s on"):
        result = sim.simulate(short(), times=3)
    (note,) = (n for n in result.notes if "no solution" in n)
    assert note.startswith("The chemistry in one of cells 8-15") and "not to be used" in note


def test_outputs_that_are_solved_say_nothing():
    assert not any("no solution" in n for n in sim.simulate(short(), times=3).notes)
