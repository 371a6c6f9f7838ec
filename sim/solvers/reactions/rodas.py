"""The compiled reaction step: groups of cells over a stretch of time, each with steps of its own.

A Rosenbrock method of four stages whose last stage is the error and completes the step. A group's steps are
those of its worst cell. Every stage is stoichiometry times rates and the derivatives are those of the rates,
so what reactions conserve is conserved to rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.binder.evaluation import evaluate
from sim.binder.records import Cells, Workspace
from sim.codegen.call import call
from sim.jit.kernel import kernel
from sim.simd.constants import WIDTH
from sim.solvers.linear.elimination import CellElimination, Units
from sim.solvers.reactions.rosenbrock import RODAS3

STAGES, LAST = len(RODAS3.m), len(RODAS3.m) - 1
GAMMA, FRESH = RODAS3.gamma, np.array(RODAS3.fresh)
A, B = np.array(RODAS3.a), np.array(RODAS3.b)
ALPHA, SHARE = np.array(RODAS3.alpha), np.array(RODAS3.share)

# Columns of Control.counts.
STEPS, REJECTED, EVALUATIONS, STUCK = range(4)


class Control(NamedTuple):
    """What decides the steps of reactions: tolerances, relative and (n, s) absolute; whether rates depend on
    the time itself.

    guess (groups,): step to begin with [s], 0 for none
    counts (groups, 4): steps, rejected steps, evaluations of the rates, 1 where no step succeeds
    """

    rtol: float
    atol: np.ndarray
    timed: bool
    guess: np.ndarray
    counts: np.ndarray


class Reacting(NamedTuple):
    """What is reacted: stages of rates and of slopes, what cells hold, what eliminates all species; arrays
    (n, s) for states and rates, K (stages, n, s), slopes and factors (groups, ., WIDTH)."""

    stages: np.ndarray
    stages_of_slopes: np.ndarray
    cells: Cells
    inside: CellElimination
    units: Units
    u: np.ndarray
    z: np.ndarray
    f0: np.ndarray
    ft: np.ndarray
    f: np.ndarray
    solved: np.ndarray
    K: np.ndarray
    slopes: np.ndarray
    factors: np.ndarray
    rest: np.ndarray
    nothing: np.ndarray


class GroupWork(NamedTuple):
    """Of one thread: a Workspace and gamma (1,)."""

    own: Workspace
    gamma: np.ndarray


@kernel(cache=False)
def evaluated(g, stages, t, y, out, r, work):
    """Stages of group g at (t, y) into out; cells without a solution."""
    n, cells = y.shape[0], r.cells
    work.own.clock[0] = t
    before = cells.failures[g]
    arrays = (
        y.reshape(-1), cells.fields.reshape(-1), cells.numbers, work.own.clock, work.own.rows,
        cells.memory.reshape(-1), cells.c.reshape(-1), cells.porosity.reshape(-1), out.reshape(-1), r.nothing,
    )  # fmt: skip
    evaluate(g, g + 1, n, stages, cells.failures, arrays)
    return cells.failures[g] - before


class Weights(NamedTuple):
    """Of rates, of their change with time, and of the stages before."""

    rates: float
    change: float
    stages: np.ndarray


@kernel(cache=False)
def mix(a, b, out, f, ft, K, by: Weights):
    """out = by.rates f + by.change ft + sum of by.stages[j] K[j] for the cells a..b, all (n, s)."""
    for i in range(a, b):
        for k in range(out.shape[1]):
            v = by.rates * f[i, k] + by.change * ft[i, k]
            for j in range(by.stages.size):
                if by.stages[j] != 0.0:
                    v += by.stages[j] * K[j, i, k]
            out[i, k] = v


@kernel(cache=False)
def worst(a, b, u, z, e, floor, rtol):
    """Largest over the cells a..b of the root mean square of e / (floor + rtol max(|u|, |z|)); NaN where one
    is none."""
    most = 0.0
    for i in range(a, b):
        total = 0.0
        for k in range(u.shape[1]):
            x = e[i, k] / (floor[i, k] + rtol * max(abs(u[i, k]), abs(z[i, k])))
            total += x * x
        if not total >= 0.0:
            return np.nan
        most = max(most, total)
    return np.sqrt(most / u.shape[1])


@kernel(nogil=True)
def react(first, last, t0, t1, y, control, r, work):
    """y (n, s) of the groups first..last from t0 to t1; pore concentrations and porosity of r.cells at the
    end."""
    n, u, z, f0, ft, f, K = y.shape[0], r.u, r.z, r.f0, r.ft, r.f, r.K
    none = np.zeros(0)
    count = control.counts
    for g in range(first, last):
        a, b = WIDTH * g, min(n, WIDTH * (g + 1))
        u[a:b] = y[a:b]
        t, h, fresh, after_failure, unsolved = t0, control.guess[g], True, False, 0
        if not h > 0.0:
            h = t1 - t0
        while t < t1:
            final = t + h >= t1 - 1e-9 * h
            dt = t1 - t if final else h
            if fresh:
                unsolved = evaluated(g, r.stages, t, u, f0, r, work)
                count[g, EVALUATIONS] += 1
                evaluated(g, r.stages_of_slopes, t, u, r.slopes, r, work)
                fresh = False
            K[:, a:b] = 0.0
            if control.timed:
                unsolved += evaluated(g, r.stages, t + 1e-5 * dt, u, ft, r, work)
                count[g, EVALUATIONS] += 1
                mix(a, b, ft, ft, f0, K, Weights(1e5 / dt, -1e5 / dt, none))
            gamma = GAMMA * dt
            work.gamma[0] = gamma
            arrays = (r.slopes, work.gamma, r.inside.coefficient, r.factors, r.rest)
            bad = unsolved + call(r.inside.factor, g, g + 1, n, arrays)
            f[a:b] = f0[a:b]
            for stage in range(STAGES):
                if FRESH[stage]:
                    mix(a, b, z, u, f0, K, Weights(1.0, 0.0, A[stage]))
                    bad += evaluated(g, r.stages, t + ALPHA[stage] * dt, z, f, r, work)
                    count[g, EVALUATIONS] += 1
                k = K[stage]
                mix(a, b, k, f, ft, K, Weights(gamma, SHARE[stage] * gamma * dt, B[stage]))
                call(r.inside.reduce, g, g + 1, n, (k, r.units.inverse, r.factors, r.solved, r.rest))
                call(r.inside.expand, g, g + 1, n, (r.rest, r.units.scale, r.factors, r.solved))
                k[a:b] = r.solved[a:b]
            mix(a, b, z, z, K[LAST], K, Weights(1.0, 1.0, none))
            error = worst(a, b, u, z, K[LAST], control.atol, control.rtol)
            if bad == 0 and error <= 1.0:
                most = 1.0 if after_failure else 6.0
                grown = dt * min(most, max(0.3, 0.9 * max(error, 1e-6) ** (-1.0 / 3.0)))
                if t == t0:
                    control.guess[g] = grown  # the next stretch begins with a transient like this one's
                h = grown
                t = t1 if final else t + dt
                u[a:b] = z[a:b]
                count[g, STEPS] += 1
                fresh, after_failure = True, False
            else:
                count[g, REJECTED] += 1
                after_failure = True
                if bad == 0 and error > 1.0 and error < np.inf:
                    h = dt * max(0.1, 0.9 * error ** (-1.0 / 3.0))
                else:
                    h = 0.1 * dt
                if not h > 1e-13 * (t1 - t0):
                    count[g, STUCK] = 1
                    break
        if evaluated(g, r.stages, t, u, f, r, work) > 0:
            count[g, STUCK] = 1
        count[g, EVALUATIONS] += 1
        y[a:b] = u[a:b]
