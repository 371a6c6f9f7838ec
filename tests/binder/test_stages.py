"""Stages of a group of cells: kernels each with code of their own, and a porosity wherever it comes from."""

from __future__ import annotations

import numpy as np
import pytest

from sim.binder.system import System
from sim.codegen.iteration import Iteration
from sim.model.model import Model
from sim.model.process import Derived, Kernel, Process
from sim.model.species import Species
from sim.space import grid as grids


def times(factor, solve=lambda inputs, memory: True):
    """A kernel that needs no iteration: factor times what it is given."""

    def begin(on, rows):
        rows.work.store(0, rows.inputs.load(0))

    def step(on, rows):
        return None

    def finish(on, rows):
        rows.outputs.store(0, rows.work.load(0) * factor)

    def slopes(on, rows):
        rows.slopes.store(0, on.number(factor))

    code = Iteration(1, 1, 1, 1, 0, begin, step, finish, slopes)
    return Kernel(code, np.zeros(1), lambda p: np.zeros(0), lambda p: solve)


def total(a, b):
    return a + b


def decay(u):
    return u


def test_two_kernels_are_two_codes():
    derived = (Derived("a", times(2.0), inputs={"x": "u"}), Derived("b", times(3.0), inputs={"x": "u"}))
    system = System(Model((Species("u"),), (Process("p", total, {"u": -1}),), derived), grids.well_mixed())
    found, rates, _ = system.evaluate(0.0, np.array([1.5]))
    assert (found["a"][0], found["b"][0], rates["p"][0]) == (3.0, 4.5, 7.5)
    assert system.blocks(0.0, np.array([1.5]))[0, 0, 0] == -5.0


@pytest.mark.parametrize("mobile", [False, True])
def test_a_porosity_that_is_a_field_is_told(mobile):
    species = Species("u", **({"diffusivity": 1e-9} if mobile else {}))
    model = Model((species,), (Process("p", decay, {"u": -1}),), fields={"porosity": (0.3, "1", "")})
    system = System(model, grids.slab(1.0, 3))
    y = np.ones(system.size)
    assert system.evaluate(0.0, y)[0]["porosity"].tolist() == [0.3] * 3
    system.rhs(0.0, y, np.zeros(system.size))
    assert system.cells.porosity[:, 0].tolist() == [0.3] * 3


def test_what_one_evaluation_raised_does_not_come_out_of_the_next():
    """Two kernels fail at once; the first error is told, and none is left."""
    derived = (Derived("a", times(2.0), inputs={"x": "u"}), Derived("b", times(3.0), inputs={"x": "u"}))
    system = System(Model((Species("u"),), (Process("p", total, {"u": -1}),), derived), grids.well_mixed())
    for k, single in enumerate(system._single):
        single.raised.append(KeyError(k))
    with pytest.raises(KeyError, match="0"):
        system.raise_again()
    system.raise_again()
