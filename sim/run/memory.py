"""What a run will need of memory, what there is, and what it took.

A forecast counts arrays: their number is in the tables below, their size follows from the model and
the grid. It is right to some 30 % (tests/run/test_memory.py measures it), which is enough to refuse a
run that cannot end well before it has computed for a night.
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass

from sim.binder.kept import once_a_model
from sim.errors import ScenarioError
from sim.experiment.scenario import Scenario
from sim.experiment.timing.moments import moments
from sim.identity.settings import OUTPUTS
from sim.machine import free_memory
from sim.model.model import Model
from sim.model.words.names import OMEGA
from sim.public import public
from sim.run.chance.apart import EXPECTED
from sim.solvers import DEFAULT
from sim.solvers import solver as find_solver
from sim.space.geometries import GEOMETRIES
from sim.texts import size_text

LARGE = 10_000  # cells above which a run reports its memory on the screen
NEVER_REFUSED = 2**22  # bytes, a fraction of what the program itself has taken
FLOAT = 8  # bytes
SUMMED = 3  # variables over all solids: calcium in them, per volume and per dry mass, and mg/mL of apatite
ENTRY = 12  # bytes of an entry of a sparse matrix: a number and an index


@dataclass(frozen=True)
class MemoryForecast:
    """Bytes of a run by part, on top of the program itself.

    peak: not their sum, for parts come and go: the integrator is gone when the dataset is made
    """

    cells: int
    parts: dict[str, int]
    peak: int

    def __repr__(self) -> str:
        rows = [f"{size_text(v):>9}  {k}" for k, v in self.parts.items()]
        return "\n".join([f"{self.cells} cells: {size_text(self.peak)} at the peak", *rows])


def cell_count(s: Scenario) -> int:
    """Cells of a scenario's grid, without building it."""
    return GEOMETRIES[s.geometry].cell_count([n for _, n in s.layers], s.domain)


@public
def memory_forecast(
    scenario: Scenario, solver: str = DEFAULT, outputs: int | None = None, kept: int | None = None
) -> MemoryForecast:
    """What simulate(scenario, solver, times=outputs) will take, in bytes by part.

    kept: how many variables the result has over time and space, where not all
    """
    cuts = len(moments(scenario.interventions, scenario.duration))
    outputs = OUTPUTS + 2 * cuts if outputs is None else outputs
    model, held = scenario.model, find_solver(solver).memory
    n, power = cell_count(scenario), len(GEOMETRIES[scenario.geometry].axes)
    s, m = len(model.species) + (len(EXPECTED) if scenario.stochastic else 0), len(model.mobile)
    state = FLOAT * (n * s + 2 * m)
    system = FLOAT * n * _per_cell(model, power) * (1 + cuts)
    matrix = ENTRY * held.sparse * n * s**2
    by_chunks = power > 1 and held.of_planes > 0
    matrix += int(FLOAT * n * _linear(model, power, by_chunks)) if held.linear else 0
    matrix += FLOAT * held.dense * (n * s) ** 2
    factors = _factors(n, power, s, m, held.factors) if power > 1 else 0
    kept, table = outputs * state, file_size(scenario, outputs, kept)
    parts = {
        "grid and rates": system,
        "integrator": (held.of_planes if by_chunks else held.vectors) * state,
        "Jacobian": matrix,
        "factors": held.copies * factors,
        "states kept": kept,
        "dataset": table,
    }
    # At the end of the integration what the last factors had is not yet back with the system.
    integrated = sum(parts.values()) - table
    return MemoryForecast(n, parts, max(integrated, system + kept + table))


def file_size(scenario: Scenario, outputs: int, kept: int | None = None) -> int:
    """Bytes of the variables of a result over time and space: in memory, and at most in its file, where
    numbers are packed. kept: how many variables, where not all"""
    return FLOAT * outputs * cell_count(scenario) * (_columns(scenario) if kept is None else kept)


def _per_cell(model: Model, power: int) -> int:
    """Numbers a cell in the system and the grid: faces, fields, work of both."""
    faces = 2 * max(power, 1)
    m = len(model.mobile)
    grid = 1 + power + 5 * faces  # volume, centres; neighbour, area, half, and the far half twice
    work = m + 12  # pore water, porosity, and where the speciation was last
    return grid + work + len(model.fields) + faces * m + 30


def _linear(model: Model, power: int, by_chunks: bool) -> float:
    """Numbers a cell in the linear system of solvers.linear.newton_matrix, or of solvers.steps.on_threads."""
    from sim.binder.cache import model_structure

    entries = model_structure(model)[1].process.size
    m, faces = len(model.mobile), 2 * max(power, 1)
    factors = 0.7 * entries  # 328 of 492 derivatives
    shared = factors + m * m + 3 * m + (faces + 2 if by_chunks else entries + 2 * faces * m + 2 * m)
    if power < 2:
        return shared + m * m
    # In lanes of 8 float32: blocks of the cells, 5 vectors of two cycles; of all levels inverse blocks,
    # couplings and weights along each axis, two vectors.
    levels = 1.0 / (1.0 - 0.5**power)
    return shared + 8 * (m + 5 + levels * (m + 2 * power + 2)) / 2


def _factors(n: int, power: int, s: int, m: int, which: str) -> int:
    """Bytes of a sparse LU (SuperLU's column ordering).

    Blocks a cell, workspace included: in a plane from whole runs on 40^2 to 128^2 cells; in a box
    the power is that of the fill on 8^3 to 16^3, the factor from a whole run on 12^3.
    """
    if not which or not m:
        return 0
    blocks = 6.0 * math.log2(max(n, 2)) if power == 2 else 1.9 * n ** (2 / 3)
    entries = blocks * m**2 + (2.0 * s**2 if which == "all" else 0.0)
    return int(ENTRY * n * entries)


def _columns(scenario: Scenario) -> int:
    """Variables of the dataset that have a value in each cell."""
    model, drawn = scenario.model, {f.field for f in scenario.random_fields}
    drawn |= {m.of for m in scenario.maps if m.of in model.fields}
    extra = _derived_columns(model)
    extra += 2 * len(EXPECTED) if scenario.stochastic else 0  # crystals not yet drawn, and the sums with them
    return len(model.species) + len(drawn) + extra


@once_a_model
def _derived_columns(model: Model) -> int:
    """Those that derived quantities of a model give: saturation as index and as ratio; and SUMMED."""
    names = [name for d in model.derived if d.shown for name in d.outputs]
    return SUMMED + sum(2 if name.startswith(OMEGA) else 1 for name in names)


def admitted(
    scenario: Scenario,
    solver: str,
    outputs: int | None = None,
    free: int | None = None,
    kept: int | None = None,
) -> MemoryForecast:
    """The forecast, or a refusal when there is less than that.

    free: bytes; None: looked up, where more than NEVER_REFUSED is needed
    """
    found = memory_forecast(scenario, solver, outputs, kept)
    if free is None and found.peak < NEVER_REFUSED:
        return found
    free = free_memory() if free is None else free
    if free is None or found.peak <= free:
        return found
    largest = sorted(found.parts.items(), key=lambda row: -row[1])[:2]
    words = " and ".join(f"{size_text(v)} of {k}" for k, v in largest)
    raise ScenarioError(
        f"{scenario.name} on {found.cells} cells with {solver} needs about "
        f"{size_text(found.peak)} of memory ({words}), and {size_text(free)} are free. Take fewer cells "
        "(with_resolution), fewer output times or variables, or another solver: sim.memory_forecast tells "
        "what each takes."
    )


def account(forecast: MemoryForecast, before: int | None) -> dict:
    """What goes into the manifest: the forecast, and the process before the run and at its peak [bytes]."""
    return {
        "forecast": forecast.peak,
        "forecast_parts": forecast.parts,
        "process_before": before,
        "process_peak": _larger(peak(), before),
    }


def _larger(peak: int | None, before: int | None) -> int | None:
    """The two are counted by different parts of the system, which may differ by some pages."""
    return peak if peak is None or before is None else max(peak, before)


def resident() -> int | None:
    """Memory the process has now [bytes]; None where the system does not say."""
    try:
        file = os.open("/proc/self/statm", os.O_RDONLY)  # a file of Python's takes as long as ten of these
        try:
            return int(os.read(file, 256).split()[1]) * os.sysconf("SC_PAGE_SIZE")
        finally:
            os.close(file)
    except (OSError, ValueError, IndexError):
        return None


def peak() -> int | None:
    """The most the process has had so far [bytes]; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
