"""The pore water of cells as straight lines: begin, Newton steps, what kinetics ask for.

Routines work on the rows of `BlockLayout`, so that the kernels of a block can take over. They are made once
for a set of species and phases; what depends on the run is read from arrays.
"""

# ruff: noqa: E741  -- I is the ionic strength, L is ln a_w

from __future__ import annotations

from functools import lru_cache, reduce
from typing import Any, NamedTuple

import numpy as np

from sim.chemistry.activity import LN10
from sim.chemistry.newton.records import COLD, LARGEST_I, NOTHING, SMALLEST_I, Blocks
from sim.chemistry.newton.straight.newton_step import Fluids, newton_step
from sim.chemistry.newton.straight.species import factors_of, families, molalities_of
from sim.chemistry.pore_water import (
    CA,
    MEMORY,
    TINY,
    TRANSPORTED,
    WATER_OUTPUTS,
    H,
    Minerals,
    PoreWater,
    Reported,
)
from sim.codegen.functions import exp_in_range, fma, sqrt
from sim.codegen.machine import Routine
from sim.codegen.program import Program, numbers, rows

WIDEST = 1e3  # mol/kgw, of a total
# Rates differ by what the solution is off: noise of 1e-12 stops an integrator that is asked for ten
# digits. After a step in ln activity below this a further one would move by rounding only.
SHARP_STEP = 1e-8


class Straight(NamedTuple):
    """Routines, by address, and the numbers that they take."""

    begin: int
    step: int
    finish: int
    constants: np.ndarray  # density of water, kg/m3; kg/mol of `Reactions.aw_slope`
    total: np.ndarray  # as in PoreWater
    K: np.ndarray
    family: np.ndarray  # of Activity
    ln_K: np.ndarray
    stop: np.ndarray  # (1,) step in ln activity after which a fluid counts as solved; solvers set it


def straight_routines(tables: PoreWater) -> Straight:
    """The routines for these tables; made once for a set of species and phases."""
    t = tables.blocks
    begin, step, finish = _routines(_Structure(tables.minerals, tables.reported, t))
    return Straight(
        begin, step, finish, np.array([tables.density, t.reactions.aw_slope]), tables.total, t.reactions.K,
        t.activity.family, tables.minerals.ln_K, np.array([SHARP_STEP]),
    )  # fmt: skip


class _Structure:
    """What the text of the routines depends on: equal where all arrays are, but for those of a run."""

    def __init__(self, minerals: Minerals, reported: Reported, t: Blocks):
        self.minerals, self.reported, self.t = minerals, reported, t
        r = t.reactions
        family = t.activity.family[:, 3:]  # charges and places
        parts = (
            r.factor_first, r.factor, r.gamma_class, t.has_inverse, family, *t.activity[1:], *t.balance,
            *t.factor, *t.at, minerals.nu, minerals.water, *reported,
        )  # fmt: skip
        self._key = tuple(p.tobytes() if isinstance(p, np.ndarray) else p for p in parts)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Structure) and self._key == other._key


@lru_cache(maxsize=16)
def _routines(of: _Structure) -> tuple[int, int, int]:
    programs = (_begin(of.t), _step(of.t), _finish(of.t, of.minerals, of.reported))
    begin, step, finish = (Routine(p).address for p in programs)
    return begin, step, finish


def _all(masks: list[Any]) -> Any:
    return reduce(lambda a, b: a & b, masks)


def _begin(t: Blocks) -> Program:
    """Totals [mol/kgw], warm start and its activities into the rows. Counts cells that are not for these
    routines: cold, without a component, or out of bounds."""
    at, nc, h = t.at, t.has_inverse.size, t.reactions.h

    def body(on, inputs, memory, given, constants, w):
        density = constants.load(0)
        I, L = memory.load(nc), memory.load(nc + 1)
        good = [I >= SMALLEST_I, L <= 0.0, L > -2.0]
        for k in range(nc):
            v = inputs.load(k) / density if k < TRANSPORTED else given.load(k)
            if k < TRANSPORTED and k != h:
                v = 0.5 * (v + sqrt(fma(v, v, TINY * TINY)))
            x = memory.load(k)
            good += [abs(v) < WIDEST, x > COLD, x < 50.0]
            if k != h:
                good.append(v >= NOTHING)
            w.store(at.total + k, v)
            w.store(at.x + k, x)
            w.store(at.g + k, exp_in_range(x))
        w.store(at.x + nc, I)
        w.store(at.x + (nc + 1), L)
        return ~_all(good)

    layouts = (rows(TRANSPORTED), rows(MEMORY), numbers(nc), numbers(2), rows(at.end))
    return Program("begin_pore_water", layouts, body)


def _now(w: Any, t: Blocks) -> Fluids:
    at, nc = t.at, t.has_inverse.size
    x = [w.load(at.x + k) for k in range(nc + 2)]
    return Fluids(x[:nc], [w.load(at.g + k) for k in range(nc)], x[nc], x[nc + 1])


def _step(t: Blocks) -> Program:
    """A Newton step. Counts cells in which it was not shorter than asked for: what is left of the others
    is its square."""
    at, nc, family = t.at, t.has_inverse.size, t.activity.family

    def body(on, K, families_of, constants, stop, w):
        total = [w.load(at.total + k) for k in range(nc)]
        new, size, sound = newton_step(on, t, _now(w, t), total, K, families_of, constants.load(1))
        for k in range(nc):
            w.store(at.x + k, new.x[k])
            w.store(at.g + k, new.activity[k])
        w.store(at.x + nc, new.I)
        w.store(at.x + (nc + 1), new.L)
        return ~((size < stop.load(0)) & sound)

    K = t.reactions.K.size
    layouts = (numbers(K), numbers(family.size), numbers(2), numbers(1), rows(at.end))
    return Program("pore_water_step", layouts, body)


def _finish(t: Blocks, minerals: Minerals, reported: Reported) -> Program:
    """Outputs [as `outputs_of` says] and memory from the rows. Counts cells whose solution is doubtful."""
    at, nc, family = t.at, t.has_inverse.size, t.activity.family
    phases, free_P, free_C = len(minerals.water), reported.free_P.tolist(), reported.free_C.tolist()
    wanted = {CA, reported.Mg, reported.PO4, *free_P, *free_C}
    place = 2 * nc + 2 + int(t.reactions.gamma_class[reported.PO4])

    def body(on, K, families_of, constants, ln_K, w, memory, outputs):
        now = _now(w, t)
        gammas = families(t, now.I, families_of)
        g = factors_of(t, now.activity, now.L, gammas.inverse_gamma)
        m = molalities_of(t, g, K, sorted(wanted))
        density = constants.load(0)
        shown = {
            "pH": now.x[H] * (-1.0 / LN10),
            "ionic_strength": now.I,
            "Ca_free": m[CA] * density,
            "P_free": reduce(lambda a, b: a + b, [m[j] for j in free_P]) * density,
            "C_free": reduce(lambda a, b: a + b, [m[j] for j in free_C]) * density,
            "Mg_free": m[reported.Mg] * density,
            "a_Ca": now.activity[CA],
            "a_PO4": m[reported.PO4] / g[place],
        }
        for row, name in enumerate(WATER_OUTPUTS):
            outputs.store(row, shown[name])
        for i in range(phases):
            omega = now.L * float(minerals.water[i]) - ln_K.load(i)
            for k, nu in enumerate(minerals.nu[i].tolist()):
                if nu != 0.0:
                    omega = fma(now.x[k], nu, omega)
            outputs.store(len(WATER_OUTPUTS) + i, omega)
        good = [now.I <= LARGEST_I]
        for k, x in enumerate((*now.x, now.I, now.L)):
            memory.store(k, x)
            if k < nc:
                good += [x > COLD, x < 50.0]
        return ~_all(good)

    layouts = (
        numbers(t.reactions.K.size), numbers(family.size), numbers(2), numbers(phases), rows(at.end),
        rows(MEMORY), rows(len(WATER_OUTPUTS) + phases),
    )  # fmt: skip
    return Program("finish_pore_water", layouts, body)
