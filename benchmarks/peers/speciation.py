"""Speciation and reaction steps against PHREEQC (PhreeqcRM), with the same constants.

Equal answers first: pH and activities agree to 1e-6 in log10 before anything is timed. PhreeqcRM
does more than is asked here (redox, phases, any database), and is timed without output.
"""

from __future__ import annotations

import importlib.util
import time
from collections import defaultdict

import numpy as np
from numba import get_num_threads, set_num_threads

from benchmarks.fluids import COMPONENTS, random_fluids, tissue_fluids
from benchmarks.measuring.timing import Clock
from benchmarks.peers.rates import rate_row, with_ratios
from benchmarks.peers.reaction import reaction_steps
from sim.chemistry.newton.one.solve import solve_fluids
from sim.chemistry.newton.straight.rows import fluid_numbers
from sim.chemistry.newton.straight.solve import fluid_code, solve_groups
from sim.simd.constants import WIDTH

QUESTION = "How many cells a second does speciation solve on one core, ours and PHREEQC's, at equal answers?"
LN10 = np.log(10.0)
AGREE = 1e-6
NOISE = 1e-3  # relative change of totals between two calls, as transport makes in a step


class Ours:
    """`solve_fluids` with its arrays kept from call to call, as the simulation keeps them."""

    name = "hapsim"

    def __init__(self, tables, n: int):
        self.tables = tables
        self.x = np.full((n, len(COMPONENTS) + 2), np.nan)
        self.m, self.lng = np.zeros((n, len(tables.species))), np.zeros((n, len(tables.species)))
        self.status, self.free = np.zeros(n, np.int64), np.zeros(len(COMPONENTS), np.uint8)
        self.work = np.zeros(tables.work_size)

    def forget(self) -> None:
        self.x[:] = np.nan

    def solve(self, totals: np.ndarray) -> int:
        """Number of fluids not solved."""
        arrays = (self.x, self.m, self.lng, self.status)
        solve_fluids(totals, self.free, *arrays, self.work, self.tables.reactions)
        return int((self.status != 0).sum())

    def answers(self) -> dict[str, np.ndarray]:
        """log10 of activities, and pH."""
        k = self.tables.species.index("PO4")
        return {
            "pH": -self.x[:, COMPONENTS.index("H")] / LN10,
            "a_Ca": self.x[:, COMPONENTS.index("Ca")] / LN10,
            "a_PO4": (np.log(self.m[:, k]) + self.lng[:, k]) / LN10,
        }


class AsVectorCode(Ours):
    """Groups of fluids in wide registers; what those leave, one by one, as `solve_totals`."""

    def __init__(self, tables, n: int):
        super().__init__(tables, n)
        self.code, self.numbers = fluid_code(tables.equations), fluid_numbers(tables.equations, False)
        self.rows, self.solved = np.zeros((self.code.rows, WIDTH)), np.zeros((n, 1))

    def solve(self, totals: np.ndarray) -> int:
        arrays = (totals, self.x, self.m, self.lng, self.solved, self.rows, self.numbers)
        solve_groups(0, -(-totals.shape[0] // WIDTH), False, arrays, self.code)
        self.status[:] = self.solved[:, 0] != 1.0
        rest = np.flatnonzero(self.status)
        if rest.size:
            x, m, lng, status = (a[rest] for a in (self.x, self.m, self.lng, self.status))
            x[:] = np.nan
            solve_fluids(totals[rest], self.free, x, m, lng, status, self.work, self.tables.reactions)
            self.x[rest], self.m[rest], self.lng[rest], self.status[rest] = x, m, lng, status
        return int((self.status != 0).sum())


def engines(tables, n: int) -> dict:
    """{name: engine} of ours."""
    return {"hapsim": Ours(tables, n), "hapsim, vector code": AsVectorCode(tables, n)}


def sequence(totals: np.ndarray, count: int, seed: int = 3) -> list[np.ndarray]:
    """Totals that change a little from call to call; acidity and charge stay: CaCl2 and K2HPO4."""
    random = np.random.default_rng(seed)
    Ca, P, K, Cl = (COMPONENTS.index(c) for c in ("Ca", "P", "K", "Cl"))
    out, now = [], totals
    for _ in range(count):
        now = now.copy()
        dCa, dP = (NOISE * now[:, k] * random.standard_normal(now.shape[0]) for k in (Ca, P))
        now[:, Ca] += dCa
        now[:, Cl] += 2 * dCa
        now[:, P] += dP
        now[:, K] += 2 * dP
        out.append(now)
    return out


def agreement(cells, engine, totals: np.ndarray, what: str) -> dict:
    """Both solve the same fluids: the largest difference in pH and log10 activities."""
    cells.output(True)
    cells.reset()
    cells.put(totals)
    if not cells.run():
        raise SystemExit(f"PhreeqcRM did not solve the tissue fluids: {cells.rm.GetErrorString()}")
    theirs = cells.read()
    cells.output(False)
    engine.forget()
    engine.solve(totals / theirs["kgw"][:, None])
    worst = max(float(np.abs(theirs[k] - v).max()) for k, v in engine.answers().items())
    return {"what": what, "value": worst, "limit": AGREE, "passed": worst < AGREE}


def speciation(n: int, repeat: int) -> tuple[list[dict], list[dict]]:
    """Rows of cells a second, and checks. All programs take turns, so that a busy machine is the
    same to all."""
    from benchmarks.peers.phreeqc_cells import Cells

    tables, totals, _ = tissue_fluids(n)
    strict = Cells(n, tables, tolerance=1e-12)
    ours, checks = engines(tables, n), []
    for name, engine in ours.items():
        checks.append(agreement(strict, engine, totals, f"PHREEQC and {name} agree in pH and log10 activity"))
        engine.solve(totals)  # compiled by now, and at its solution
    peers = {"PhreeqcRM": Cells(n, tables), "PhreeqcRM, tolerance 1e-12": strict}
    for cells in peers.values():
        cells.output(False)
        cells.reset()
        cells.put(totals)
        cells.run()
    clocks: dict[tuple[str, str], Clock] = defaultdict(Clock)
    steps = sequence(totals, repeat + 1)
    for s in steps:
        for name, engine in ours.items():
            clocks[name, "warm"].time(lambda s=s, e=engine: e.solve(s))
        for name, cells in peers.items():
            cells.put(s)
            clocks[name, "warm"].time(cells.run)
    for s in steps[: max(2, repeat // 2)]:
        for name, engine in ours.items():
            engine.forget()
            clocks[name, "cold"].time(lambda s=s, e=engine: e.solve(s))
        for name, cells in peers.items():
            cells.reset()
            cells.put(s)
            clocks[name, "cold"].time(cells.run)
    return with_ratios([rate_row(name, start, n, c) for (name, start), c in clocks.items()]), checks


def robustness(n: int, peer: int) -> list[dict]:
    """Random fluids from nothing: how many stay unsolved. `peer`: how many PhreeqcRM is given."""
    tables, totals, found = random_fluids(n)
    sound = found.status == 0
    totals = np.ascontiguousarray(totals[sound])
    rows = []
    for name, engine in engines(tables, totals.shape[0]).items():
        started = time.perf_counter()
        lost = engine.solve(totals)
        rows.append({"program": name, "fluids": totals.shape[0], "unsolved": lost,
                     "cells_per_s": totals.shape[0] / (time.perf_counter() - started),
                     "not_made": int((~sound).sum())})  # fmt: skip
    if importlib.util.find_spec("phreeqcrm") is not None and peer:
        from benchmarks.peers.phreeqc_cells import unsolved

        some = totals[:peer]
        started = time.perf_counter()
        lost = unsolved(some, tables)
        rows.append({"program": "PhreeqcRM", "fluids": some.shape[0], "unsolved": lost,
                     "cells_per_s": some.shape[0] / (time.perf_counter() - started),
                     "not_made": int((~sound).sum())})  # fmt: skip
    return rows


def run(quick: bool) -> dict:
    """The section, in one thread: what is compared is work on a core."""
    before = get_num_threads()
    set_num_threads(1)
    try:
        return _run(quick)
    finally:
        set_num_threads(before)


def _run(quick: bool) -> dict:
    n, repeat = (200, 3) if quick else (5000, 7)
    notes = [
        "PhreeqcRM is timed without output and with one worker; ours with one chunk of work, one thread.",
        "Warm: totals change by 1e-3 (CaCl2, K2HPO4) from the last solution. Cold: from nothing; "
        "PhreeqcRM from one plain solution in all cells.",
    ]
    tables, checks = {}, []
    if importlib.util.find_spec("phreeqcrm") is None:
        notes.append('phreeqcrm is not installed, so there is no comparison; try pip install -e ".[bench]".')
    else:
        tables["speciation"], checks = speciation(n, repeat)
        tables["reaction steps"], more, said = reaction_steps(quick)
        checks += more
        notes += said
    tables["random cold starts"] = robustness(2_000 if quick else 100_000, 200 if quick else 20_000)
    return {"question": QUESTION, "checks": checks, "notes": notes, "tables": tables}
