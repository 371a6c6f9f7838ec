"""Reaction steps in independent cells, ours and PhreeqcRM's.

Two that both can express. Equilibrium with hydroxyapatite in a closed batch, because it is what
PHREEQC is made for. Growth of hydroxyapatite at k (Omega^(1/9) - 1) over a time step, because it
is what a reactive transport code asks of it in every splitting step; ours is the compiled system
of those cells, integrated all at once by CVODE. The full model (moments, buffers, cells) cannot be
written as PHREEQC input, so it is not compared.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

import sim
from benchmarks.fluids import COMPONENTS, KELVIN, TISSUE, tissue_fluids
from benchmarks.measuring.timing import Clock
from benchmarks.peers.phreeqc_cells import EQUILIBRIUM, Cells, kinetics
from benchmarks.peers.rates import rate_row, with_ratios
from sim import library
from sim.binder.system import System
from sim.chemistry import pore_water
from sim.chemistry.activity import water_density
from sim.parameters import Parameters
from sim.solvers import DEFAULT, SOLVERS, Task
from sim.space import grid as grids

RATE = 1e-9  # mol per kg water and second
STEP = 600.0  # s
TURNS = 5  # of ours, which takes a millisecond, for one of the peer's
OURS, THEIRS = (1e-4, 1e-6), (1e-8, 1e-11)  # rtol; "-tol" [mol], of which 1e-8 is the default


def supersaturated(n: int) -> np.ndarray:
    """Totals (n, 8) [mol/kgw] with the backgrounds of TISSUE uniform, SI of apatite 5 to 10."""
    _, totals, _ = tissue_fluids(n, seed=4)
    for name in pore_water.BACKGROUND:
        totals[:, COMPONENTS.index(name)] = TISSUE[name][0]
    return totals


def equilibrium(n: int, repeat: int) -> tuple[list[dict], list[dict]]:
    """Rows and checks of the closed batch."""
    totals = supersaturated(n)
    cells = Cells(n, tissue_fluids(2)[0], EQUILIBRIUM, 1e-12)
    cells.output(True)
    cells.put(totals)
    if not cells.run():
        raise SystemExit(f"PhreeqcRM found no equilibrium: {cells.rm.GetErrorString()}")
    theirs = cells.read()
    cells.output(False)
    column = {c: 1e3 * totals[:, k] / theirs["kgw"] for k, c in enumerate(COMPONENTS)}
    acidity = column.pop("H")
    fluid = sim.speciate(acidity=acidity, **column)
    ours = sim.equilibrate(fluid, "HAP")
    solid = float(np.abs(ours.solid * theirs["kgw"] - 1e3 * theirs["solid"]).max() / ours.solid.max())
    pH = float(np.abs(ours.pH - theirs["pH"]).max())
    checks = [
        {"what": "equilibrium: solid formed, relative to the most", "value": solid, "limit": 1e-6,
         "passed": solid < 1e-6},
        {"what": "equilibrium: pH", "value": pH, "limit": 1e-6, "passed": pH < 1e-6},
    ]  # fmt: skip
    cells = Cells(n, tissue_fluids(2)[0], EQUILIBRIUM)
    cells.output(False)
    mine, peer = Clock(), Clock()
    for _ in range(repeat):
        for _ in range(TURNS):
            mine.time(lambda: sim.equilibrate(fluid, "HAP"))
        cells.reset()
        cells.put(totals)
        peer.time(cells.run)
    return [rate_row("hapsim", "equilibrium", n, mine), rate_row("PhreeqcRM", "equilibrium", n, peer)], checks


def growth(ln_omega_HAP, k):
    """Growth of hydroxyapatite [mol m-3 s-1], above saturation; the corner is the peer's too."""
    omega = np.exp(ln_omega_HAP / 9.0)
    return k * (omega - 1.0) if omega > 1.0 else 0.0


def cells_of_ours(totals: np.ndarray) -> tuple[System, np.ndarray]:
    """Independent cells: an immobile fluid in a slab, speciation, one growth law."""
    density = water_density(KELVIN)
    background = {b: TISSUE[b][0] * density for b in pore_water.BACKGROUND}
    names = {n: n for n in pore_water.TRANSPORTED}
    kernel = library.pore_water(lambda p: pore_water.pore_water_tables("tissue-37C", KELVIN, background))
    found = pore_water.outputs_of()
    water = sim.Derived("speciation", kernel, {}, names, tuple(found), tuple(found.values()))
    law = sim.Process(
        "growth", growth, {"Ca": -5, "P": -3, "H": 4, "HAP": 1},
        {"k": sim.Parameter(RATE * density, "mol/m3/s", source="this_work")},
    )  # fmt: skip
    species = [sim.Species(c, signed=c == "H") for c in names] + [sim.Species("HAP")]
    model = sim.Model(tuple(species), (law,), (water,), {}, Parameters({}), "reaction step")
    system = System(model, grids.slab(1.0, totals.shape[0]))
    y = np.zeros(system.size)
    system.split(y)[0][:, :4] = totals[:, :4] * density
    return system, y


def growing(n: int, repeat: int) -> tuple[list[dict], list[dict]]:
    """Rows and checks of the growth step; errors are against our own tight run, which PHREEQC's
    tight run has to meet first."""
    totals, t = supersaturated(n), tissue_fluids(2)[0]

    def peer(tolerance: float, knob: float) -> Cells:
        cells = Cells(n, t, kinetics(RATE, STEP, tolerance), knob)
        cells.output(True)
        cells.put(totals)
        if not cells.run(STEP):
            raise SystemExit(f"PhreeqcRM did not make the reaction step: {cells.rm.GetErrorString()}")
        return cells

    tight = peer(1e-12, 1e-12).read()
    system, y = cells_of_ours(totals / tight["kgw"][:, None])

    def mine(rtol: float) -> np.ndarray:
        tolerance = np.full(system.size, 1e-2 * rtol)
        task = Task(system, 0.0, STEP, y, np.array([STEP]), rtol, tolerance, max_steps=100_000)
        found = SOLVERS[DEFAULT].solve(task)
        if found.status != "finished":
            raise SystemExit(f"our reaction step failed: {found.message}")
        return system.split(found.end)[0][:, 4] / water_density(KELVIN) * tight["kgw"]

    common = mine(1e-9)

    def off(solid: np.ndarray) -> float:
        return float(np.abs(solid - common).max() / common.max())

    agreed = off(tight["solid"])
    check = {"what": "growth: solid formed, relative to the most", "value": agreed, "limit": 1e-4,
             "passed": agreed < 1e-4}  # fmt: skip
    clocks: dict = defaultdict(Clock)
    peers = {tolerance: peer(tolerance, 1e-8) for tolerance in THEIRS}
    errors = {tolerance: off(cells.read()["solid"]) for tolerance, cells in peers.items()}
    for _ in range(repeat):
        for rtol in OURS:
            errors[rtol] = off(clocks[rtol].time(lambda rtol=rtol: mine(rtol)))
        for tolerance, cells in peers.items():
            cells.output(False)
            cells.reset()
            cells.put(totals)
            clocks[tolerance].time(lambda c=cells: c.run(STEP))
    rows = []
    for names, settings, unit in (("hapsim", OURS, "rtol {:.0e}"), ("PhreeqcRM", THEIRS, "tol {:.0e} mol")):
        for k in settings:
            made = rate_row(names, "growth", n, clocks[k])
            rows.append(made | {"error": errors[k], "setting": unit.format(k)})
    return rows, [check]


def reaction_steps(quick: bool) -> tuple[list[dict], list[dict], list[str]]:
    """Rows, checks and notes."""
    n, repeat = (100, 2) if quick else (1000, 5)
    rows, checks = [], []
    for part in (equilibrium, growing):
        found, said = part(n, repeat)
        rows += found
        checks += said
    note = (
        "Reaction steps: a closed batch to equilibrium with apatite, and 600 s of growth at "
        "k (Omega^(1/9) - 1); both fit either program. The whole model does not fit PHREEQC. Of the batch, "
        "neither program writes out the species of the fluids at the end; ours makes them when asked for."
    )
    return with_ratios(rows), checks, [note]
