"""Many fluids as vector code, group by group: begin, first guess, Newton steps, molalities.

Made once for a set of species; what depends on the temperature is read from the numbers of a call.
"""

# ruff: noqa: E741  -- I is the ionic strength, L is ln a_w

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

from sim.chemistry.newton.records import COLD, LARGEST_I, NOTHING, SMALLEST_I, FluidEquations
from sim.chemistry.newton.straight.balances import Sums, agree, balances_of, term_sizes
from sim.chemistry.newton.straight.guess import (
    LEAST_H,
    MOST_H,
    HostPowers,
    guess,
    guessed_ionic_strength,
    narrow,
    store_weights,
)
from sim.chemistry.newton.straight.newton_step import (
    HELD,
    Fluids,
    GivenTotals,
    kept_system,
    newton_step,
    system_size,
)
from sim.chemistry.newton.straight.rows import FIRST, FluidNumbers, FluidRows, GroupAtWork
from sim.chemistry.newton.straight.species import factors_of, families, molalities_of
from sim.codegen.functions import exp_in_range, fma, select
from sim.codegen.program import Program, cells, numbers, scratch
from sim.codegen.registers import LaneMask, Memory, Registers

# In any ln activity. What is left after one as short, and another with the same system, is its cube.
LAST_STEP = 5e-5
NEAR = 5e-13  # of the terms of each balance, at the end
LARGEST_X = 50.0  # ln activity
LARGEST_TOTAL = 1e3  # mol/kgw


class FluidArrays(NamedTuple):
    """What the programs take. A total is ignored where pH is given, and the x of H then kept.

    totals: (n, nc) [mol/kgw], for H the acidity    x: (n, nc + 2) warm starts, NaN for none; unknowns
    m, lng: (n, ns) molalities [mol/kgw], ln gamma    solved: (n, 1) 1 or 0
    work: (`FluidRows.end`, WIDTH)    numbers: `fluid_numbers`
    """

    totals: Memory
    x: Memory
    m: Memory
    lng: Memory
    solved: Memory
    work: Memory
    numbers: Memory


class FluidPrograms:
    """The programs for a set of species.

    begin: counts cold fluids · weigh, narrow (again and again) and guess: for those
    step: counts fluids that were further off than LAST_STEP
    finish: counts those whose balances do not agree after it. Of what is not called solved the results are
        no solution: it is for the kernel for one fluid.
    """

    def __init__(self, t: FluidEquations):
        self.t, self.nc, self.hosts = t, t.has_inverse.size, HostPowers(t)
        self.rows = FluidRows.of(t, len(self.hosts.weights))
        ns = t.reactions.K.size
        layouts = (
            cells(self.nc), cells(self.nc + 2), cells(ns), cells(ns), cells(1), scratch(self.rows.end),
            numbers(FIRST + ns + t.activity.family.size),
        )  # fmt: skip

        def program(name: str, body: Callable[..., LaneMask | None]) -> Program:
            def of_arrays(on: Registers, *memories: Memory) -> LaneMask | None:
                a = FluidArrays(*memories)
                return body(on, a, GroupAtWork(self.rows, a.work), FluidNumbers(t, a.numbers))

            return Program(f"fluids_{name}", layouts, of_arrays)

        self.begin, self.step = program("begin", self._begin), program("step", self._step)
        self.finish = program("finish", self._finish)
        self.weigh = program("weigh", lambda _, a, g, n: store_weights(t, self.hosts, g, n))
        self.narrow = program("narrow", lambda _, a, g, n: narrow(t, self.hosts, g))
        self.guess = program("guess", lambda _, a, g, n: guess(t, self.hosts, g, n))

    def _begin(self, on: Registers, arrays: FluidArrays, group: GroupAtWork, n: FluidNumbers) -> LaneMask:
        nc, h, rows, store = self.nc, self.t.reactions.h, group.rows, group.work.store
        for later in (arrays.m, arrays.lng):  # a third of the time of a warm start is waiting for them
            later.fetch()
        I, L = arrays.x.load(nc), arrays.x.load(nc + 1)
        warm = (I >= SMALLEST_I) & (L <= 0.0) & (L > -2.0)
        sound, x, activity, total = [], [], [], []
        for k in range(nc):
            T, v = arrays.totals.load(k), arrays.x.load(k)
            has_x = (v > COLD) & (v < LARGEST_X)
            if k == h:
                sound.append(_chosen(n.at_pH, abs(v) < -COLD, abs(T) < LARGEST_TOTAL))
                warm = warm & (has_x | n.at_pH)
                store(rows.held + k, select(n.at_pH, HELD, 0.0))
                a = exp_in_range(v)
            else:
                sound.append((T >= 0.0) & (T < LARGEST_TOTAL))
                absent = T < NOTHING
                warm = warm & (has_x | absent)
                store(rows.held + k, select(absent, 1.0, 0.0))
                v, a = select(absent, 0.0, v), select(absent, 0.0, exp_in_range(v))
            x.append(v)
            activity.append(a)
            total.append(T)
            store(rows.total + k, T)
        guessed = guessed_ionic_strength(on, self.t, total)
        group.put(Fluids(x, activity, select(warm, I, guessed), select(warm, L, 0.0)))
        good = _all(sound)
        store(rows.barred, select(good, 0.0, 1.0))
        store(rows.cold, select(warm, 0.0, 1.0))
        store(rows.low, LEAST_H)
        store(rows.high, MOST_H)
        return good & ~warm

    def _wanted(self, group: GroupAtWork, n: FluidNumbers) -> GivenTotals:
        total, held = (group.load(row, self.nc) for row in (group.rows.total, group.rows.held))
        return GivenTotals(total, n.K, n.family, n.aw_slope, held)

    def _step(self, on: Registers, arrays: FluidArrays, group: GroupAtWork, n: FluidNumbers) -> LaneMask:
        new, size, is_sound, system = newton_step(on, self.t, group.now(), self._wanted(group, n))
        group.put(new)
        for k, v in enumerate(system.rows()):
            group.work.store(group.rows.system + k, v)
        return ~(size < LAST_STEP) & is_sound & (group.work.load(group.rows.barred) < 0.5)

    def _finish(self, on: Registers, arrays: FluidArrays, group: GroupAtWork, n: FluidNumbers) -> LaneMask:
        t, nc, wanted = self.t, self.nc, self._wanted(group, n)
        system = kept_system(t, group.load(group.rows.system, system_size(t)))
        now = newton_step(on, t, group.now(), wanted, system).fluids
        group.put(now)
        at_I = families(t, now.I, n.family)
        g = factors_of(t, now.activity, now.L, at_I.inverse_gamma)
        m = molalities_of(t, g, n.K)
        sums = Sums(t, m)
        found = balances_of(on, t, sums, at_I.slope)
        held = [v > 0.5 for v in group.load(group.rows.held, nc)]
        off = [select(no, 0.0, s - T) for no, s, T in zip(held, found.total, wanted.total, strict=True)]
        off_water = fma(found.sum_m, n.aw_slope, g[2 * nc] - 1.0)
        sizes = term_sizes(t, sums, found.total, wanted.total)
        agrees = agree(found, now.I, off_water, off, sizes, NEAR)
        inside = [now.I <= LARGEST_I, group.work.load(group.rows.barred) < 0.5]
        for k, x in enumerate(now.x):
            if k == t.reactions.h:
                inside += [x > COLD, (x < LARGEST_X) | n.at_pH]
            else:
                inside += [x > COLD, x < LARGEST_X]
                x = select(held[k], -math.inf, x)
            arrays.x.store(k, x)
        arrays.x.store(nc, now.I)
        arrays.x.store(nc + 1, now.L)
        ln_gamma = [at_I.ln_gamma[f] * times for f, times in _class_multiples(t)]
        for j, species in enumerate(t.reactions.gamma_class.tolist()):
            arrays.m.store(j, m[j])
            arrays.lng.store(j, ln_gamma[species])
        arrays.solved.store(0, select(agrees & _all(inside), 1.0, 0.0))
        goes_on = (now.x[t.reactions.h] == now.x[t.reactions.h]) & inside[1]
        return goes_on & ~agrees


def _class_multiples(t: FluidEquations) -> list[tuple[int, float]]:
    """Of each class of gamma the family, and how many times its ln gamma."""
    a = t.activity
    return list(zip(a.class_family.tolist(), a.class_times.tolist(), strict=True))


def _chosen(mask: LaneMask, a: LaneMask, b: LaneMask) -> LaneMask:
    """a where the mask holds, else b."""
    return (mask & a) | (~mask & b)


def _all(masks: list[LaneMask]) -> LaneMask:
    return reduce(lambda a, b: a & b, masks)
