"""A nonlinear, coupled, diffusing problem for tests of one-step integrators: a + 2 b -> c on a line."""

import math
from dataclasses import replace

import numpy as np
from reference import L, run

from sim.binder.system import System
from sim.model.model import Model
from sim.model.process import Process
from sim.model.species import Species
from sim.parameters.parameter import Parameter
from sim.solvers import Task, solver
from sim.space import grid as grids
from sim.space.boundary import Boundary

LATE, SOON = 400.0, 40.0  # s


def uptake(a, b, k):
    """a + 2 b -> c."""
    return k * a * b * b


def tide(t, tau):
    return math.sin(t / tau) / tau


MODEL = Model(
    (
        Species("a", diffusivity=1e-9, contains={"A": 1}),
        Species("b", diffusivity=4e-10, contains={"B": 1}),
        Species("c", contains={"A": 1, "B": 2}),
    ),
    (Process("uptake", uptake, {"a": -1, "b": -2, "c": 1}, {"k": Parameter(5e-3, "m6/mol2/s")}),),
    name="uptake",
)


def moving(tau):
    """The model with a tide, which comes out of nothing: no elements to keep."""
    bare = MODEL.with_species(*(replace(s, contains={}) for s in MODEL.species))
    return bare.with_process(Process("tide", tide, {"a": 1}, {"tau": Parameter(tau, "s")}))


def problem(model=MODEL, n=16, closed=True, length=L):
    """System and first state; some mol m-3 that differ along the line, outside as it is there."""
    sides = {} if closed else {"right": Boundary("fixed", {"a": 0.5, "b": 2.8})}
    system = System(
        model, grids.slab(length, n), boundaries=sides, perfusion=0.0 if closed else 1e-3,
        plasma={} if closed else {"a": 1.5, "b": 2.5},
    )  # fmt: skip
    y = np.zeros(system.size)
    wave = np.cos(np.pi * system.grid.centres["x"] / length)
    body, _ = system.split(y)
    body[:, 0], body[:, 1] = 1.0 + 0.5 * wave, 2.0 - 0.8 * wave
    return system, y


def exact(system, y, t1):
    """By Radau at a tolerance beyond all others."""
    return run(system, y, t1, "radau", rtol=1e-12, atol=1e-14).end


def fixed(name, system, y, step, t1, tolerance=1e-10):
    """End of a run at a fixed step."""
    found = solver(name).solve(
        Task(system, 0.0, t1, y, np.array([t1]), tolerance, system.tolerances(tolerance), step=step)
    )
    assert found.status == "finished", found.message
    return found.end
