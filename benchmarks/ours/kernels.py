"""How fast are the kernels, and how far from what the machine can do?

Nanoseconds a cell, against the measured bandwidth or peak arithmetic of the same machine. Bytes
are the least that must move (each array once), flops are counted by hand from the algorithm, with
20 for an exponential; both are lower bounds, so a share is too.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numba import get_num_threads, set_num_threads

from benchmarks.measuring import machine
from benchmarks.measuring.timing import per_call
from benchmarks.problems import lesion, of_scenario, precipitation
from sim.binder.system import System
from sim.solvers import DEFAULT, SOLVERS, Task
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.space import transport

QUESTION = "How fast are the kernels in a cell, and what share of this machine's limits do they reach?"
EXP = 20  # flops that an exponential is counted as
GAMMA = 3600.0  # s, a step of the size that a run of weeks takes


def midway(system: System, grid_of: System, y: np.ndarray) -> np.ndarray:
    """The state `y` of a line of cells carried to another grid, by distance from the centre."""
    out = np.zeros(system.size)
    r = grid_of.grid.distance()
    nearest = np.abs(r[None, :] - np.minimum(system.grid.distance(), r[-1])[:, None]).argmin(axis=1)
    system.split(out)[0][:] = grid_of.split(y)[0][nearest]
    return out


def state_of(quick: bool) -> tuple[System, np.ndarray]:
    """The line of cells after the first days of a run, where everything is going on."""
    problem = precipitation(quick)
    system, y0, _ = problem.parts
    end = 2 * 86400.0
    found = SOLVERS[DEFAULT].solve(
        Task(system, 0.0, end, y0, np.array([end]), 1e-4, system.tolerances(1e-5), None, 10**6)
    )
    if found.status != "finished":
        raise SystemExit(f"the run that prepares the kernels failed: {found.message}")
    return system, found.end


def work(system: System) -> dict[str, tuple[float, float]]:
    """{kernel: (bytes, flops) a cell}, at least."""
    s, m = system.n_species, system.n_mobile
    q, k = s - m, system.grid.neighbour.shape[1]
    memory, derived = system.cells.memory.shape[1], len(system.model.quantities)
    once = s + system.fields.shape[1] + memory  # read
    back = memory + m + 1 + derived + system.n_rates  # written
    move = 8.0 * (m + 1 + 2 * m + k * (1 + 3) + 1)
    inner = 2 / 3 * q**3 + 2 * q * q * m + 2 * m * m * q
    lines = 2 / 3 * m**3 + 2 * m**3
    stored = q * q + 2 * q * m + m * m
    return {
        "transport": (move, k * m * 10.0),
        "right-hand side": (8.0 * (once + back + 2 * s) + move, 0.0),
        "Jacobian blocks": (8.0 * (once + s * s), 0.0),
        "linearise": (8.0 * (once + 3 * s * s), 0.0),
        "factor": (8.0 * (s * s + stored), inner + lines),
        "solve": (8.0 * (stored + 2 * s), 2.0 * stored + 6.0 * m * m),
    }


def kernels(system: System, y: np.ndarray, where: str) -> list[dict]:
    """A row for each kernel on this system; one that fails is a row with the reason."""
    dy, z = np.zeros(system.size), np.zeros(system.size)
    body, m = system.split(dy)[0], system.n_mobile
    c, supplied = np.ascontiguousarray(system.split(y)[0][:, system.mobile]), np.zeros((2, m))
    porosity = np.full(system.n_cells, 0.7)
    linear = LinearSystem(system)
    system.rhs(0.0, y, dy)
    right = dy.copy()
    calls: dict[str, Callable] = {
        "transport": lambda: (
            system.transport(c, body, supplied)
            if hasattr(system, "transport")
            else transport.add_transport(system.tables, system.mobile, c, porosity, body, supplied)
        ),
        "right-hand side": lambda: system.rhs(0.0, y, dy),
        "Jacobian blocks": lambda: system.blocks(0.0, y),
        "linearise": lambda: linear.linearise(0.0, y),
        "factor": lambda: linear.factor(GAMMA),
        "solve": lambda: linear.solve(right, z),
    }
    cost, rows = work(system), []
    for name, call in calls.items():
        row: dict = {"kernel": name, "where": where, "cells": system.n_cells, "threads": get_num_threads()}
        try:
            clock = per_call(call, repeat=5)
        except Exception as e:  # a kernel whose arguments have changed must not hide the others
            rows.append(row | {"failed": f"{type(e).__name__}: {e}"[:200]})
            continue
        rows.append(row | rate(clock, system.n_cells, *cost[name]))
    return rows


def rate(clock: dict, cells: int, size: float, flops: float, threads: int = 0) -> dict:
    """Per cell, per second, and as shares of the machine's limits at that many threads (0: the present)."""
    limit = machine.capability(threads or get_num_threads(), False)
    seconds = clock["seconds"] / cells
    return {
        "ns": 1e9 * seconds,
        "ns_fastest": 1e9 * clock["fastest"] / cells,
        "ns_slowest": 1e9 * clock["slowest"] / cells,
        "repeats": clock["repeats"], "compile": clock["compile"],
        "bandwidth": size / seconds if size else None,
        "bandwidth_share": size / seconds / limit["bandwidth"] if size else None,
        "flops": flops / seconds if flops else None,
        "flops_share": flops / seconds / limit["flops"] if flops else None,
    }  # fmt: skip


def speciation(cells: int) -> list[dict]:
    """The Newton kernel over many fluids, from the last solution (warm) and from nothing (cold)."""
    from benchmarks.fluids import tissue_fluids, work_of_newton
    from sim.chemistry.newton.one.solve import solve_fluids
    from sim.chemistry.newton.straight.rows import fluid_numbers
    from sim.chemistry.newton.straight.solve import fluid_code, solve_groups
    from sim.simd.constants import WIDTH

    tables, totals, found = tissue_fluids(cells)
    nearby = totals * (1.0 + 1e-3 * np.random.default_rng(1).standard_normal(totals.shape))
    m, lng = np.zeros_like(found.m), np.zeros_like(found.lng)
    status, free = np.zeros(cells, np.int64), np.zeros(totals.shape[1], np.uint8)
    scratch, solved = np.zeros(tables.work_size), np.zeros((cells, 1))
    code, numbers = fluid_code(tables.equations), fluid_numbers(tables.equations, False)
    rows_of_a_group = np.zeros((code.rows, WIDTH))

    def in_groups(x):
        solve_groups(
            0, -(-cells // WIDTH), False, (nearby, x, m, lng, solved, rows_of_a_group, numbers), code
        )
        status[:] = solved[:, 0] != 1.0

    ways = {
        "": lambda x: solve_fluids(nearby, free, x, m, lng, status, scratch, tables.reactions),
        " in groups": in_groups,
    }
    starts = {"warm": found.x, "cold": np.full_like(found.x, np.nan)}
    rows = []
    for (way, solve), (name, start) in itertools.product(ways.items(), starts.items()):
        x = start.copy()

        def call(x=x, start=start, solve=solve):
            x[:] = start
            solve(x)

        clock = per_call(call, repeat=5)
        left = int((status != 0).sum())
        if left > (0 if way == "" else 0.01 * cells):
            raise SystemExit(f"speciation{way}, {name}: {left} of {cells} fluids were not solved.")
        steps, flops = work_of_newton(tables, nearby, start)
        size = 8.0 * (totals.shape[1] + 2 * x.shape[1] + 2 * m.shape[1])
        rows.append({
            "kernel": f"speciation{way}, {name}", "where": f"{steps:.1f} Newton steps a fluid",
            "cells": cells, "threads": 1, **rate(clock, cells, size, flops, 1),
        })  # fmt: skip
    return rows


def run(quick: bool) -> dict:
    """The section."""
    line, y = state_of(quick)
    square = of_scenario(lesion(16 if quick else 64))[0]
    spread_out = midway(square, line, y)
    rows, limits = [], []
    before = get_num_threads()
    for threads in sorted({1, before}):
        set_num_threads(threads)
        try:
            limits.append(machine.capability(threads, False))
            if threads == 1:
                rows += kernels(line, y, f"{line.grid.kind} {line.n_cells}")
            rows += kernels(square, spread_out, "rectangle " + " x ".join(map(str, square.grid.shape)))
            rows += speciation(2_000 if quick else 20_000)
        finally:
            set_num_threads(before)
    checks = [consistent(square, spread_out)]
    notes = []
    if any(limits[-1][k] < limits[0][k] for k in ("bandwidth", "flops")):
        notes.append(
            f"{limits[-1]['threads']} threads reached less than one: the machine was busy with other work, "
            "and shares and times with more than one thread mean little in this run."
        )
    return {
        "question": QUESTION,
        "checks": checks,
        "notes": notes,
        "tables": {"kernels": rows, "limits": limits},
    }


def consistent(system: System, y: np.ndarray) -> dict:
    """Does the timed solve solve? (I - gamma J) z = r, with J z by a difference of right-hand sides."""
    linear = LinearSystem(system)
    linear.linearise(0.0, y)
    r, z, moved = np.zeros(system.size), np.zeros(system.size), np.zeros(system.size)
    system.rhs(0.0, y, r)
    linear.factor(GAMMA)
    linear.solve(r, z)
    step = 1e-6 / float(np.abs(system.split(z)[0] / system.scale).max())
    system.rhs(0.0, y + step * z, moved)
    Jz = (moved - r) / step
    off = system.split(z - GAMMA * Jz - r)[0] / system.scale
    size = system.split(GAMMA * np.abs(Jz) + np.abs(z) + np.abs(r))[0] / system.scale
    residual = float(np.linalg.norm(off) / np.linalg.norm(size))
    return {
        "what": "the timed solve solves: residual relative to its terms (a V-cycle leaves some)",
        "value": residual, "limit": 0.5, "passed": residual < 0.5,
    }  # fmt: skip
