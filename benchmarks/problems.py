"""Problems on which solvers meet on equal ground, each with a reference that is not its own.

A Problem is a System, a first state and an end time; `error` measures any end state against the
reference in units of the declared scales. The error is that of the time integration: the
reference solves the same semi-discrete equations.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

import sim
from sim.binder.cache import model_text
from sim.binder.system import System
from sim.run.segments import Builder
from sim.solvers import SOLVERS, Task
from sim.solvers.steps.task import Progress
from sim.space import grid as grids

REFERENCES = Path(__file__).parent / "results" / "references"
DAY = 86400.0


@dataclass(frozen=True)
class Problem:
    """One problem. scenario: where it is one, so that a whole `simulate` can be timed too.

    judge: (solver, rtol) of the reference and witness: of the run it is compared with; the
    difference of the two is the uncertainty of the reference. Where both are the same integrator,
    an `independent` one has to come within 100 of its rtol. exact: the end state where known.
    """

    name: str
    question: str
    make: Callable[[], tuple[System, np.ndarray, float]]
    scenario: sim.Scenario | None = None
    exact: Callable[[System], np.ndarray] | None = None
    judge: tuple[str, float] = ("cvode", 1e-9)
    witness: tuple[str, float] = ("bdf", 1e-5)
    rtols: tuple[float, ...] = (1e-3, 1e-4, 1e-5, 1e-6)
    independent: tuple[str, float] | None = None  # another integrator, where judge and witness are one

    @cached_property
    def parts(self) -> tuple[System, np.ndarray, float]:
        """System, first state, end time [s]; made once."""
        return self.make()

    def solve(self, solver, rtol: float, progress: Progress | None = None, share: float = 1.0):
        """Solution of the integrator alone, from a cold start of the speciation.

        progress: is told of every step and may stop it    share: of the whole duration, to warm up
        """
        system, y0, whole = self.parts
        end = share * whole
        system.forget()
        return solver(
            Task(
                system, 0.0, end, y0.copy(), np.array([end]), rtol, system.tolerances(0.1 * rtol),
                progress, 10**9,
            )
        )  # fmt: skip

    def error(self, end: np.ndarray, reference: np.ndarray) -> float:
        """Root mean square of the difference, in units of scale where small, relative where large."""
        system = self.parts[0]
        a, b = (system.split(y)[0] / system.scale for y in (end, reference))
        return float(np.sqrt(np.mean(((a - b) / (1.0 + np.abs(b))) ** 2)))

    def reference(self) -> tuple[np.ndarray, float, str]:
        """End state, its uncertainty in the norm of `error`, and where it is from."""
        system, _, _ = self.parts
        if self.exact is not None:
            return self.exact(system), 0.0, "exact solution of the semi-discrete equations"
        path = REFERENCES / f"{self.name}-{self.definition()[:12]}.npz"
        if path.exists():
            with np.load(path, allow_pickle=False) as f:
                return f["end"], float(f["uncertainty"]), str(f["source"])
        ends = []
        print(f"{self.name}: computing the reference, once", file=sys.stderr, flush=True)
        for name, rtol in filter(None, (self.judge, self.witness, self.independent)):
            found = self.solve(SOLVERS[name].solve, rtol)
            if found.status != "finished":
                raise SystemExit(f"the reference of {self.name} by {name} failed: {found.message}")
            ends.append(found.end)
        uncertainty = self.error(ends[1], ends[0])
        source = (
            f"{self.judge[0]} at rtol {self.judge[1]:.0e}; {self.witness[0]} at rtol "
            f"{self.witness[1]:.0e} is {uncertainty:.1e} away"
        )
        if self.independent:
            name, rtol = self.independent
            off = self.error(ends[2], ends[0])
            source += f"; {name}, independent, at rtol {rtol:.0e} is {off:.1e} away"
            if off > 100.0 * rtol:
                raise SystemExit(f"{self.name} has no reference: {source}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, end=ends[0], uncertainty=uncertainty, source=source)
        return ends[0], uncertainty, source

    def definition(self) -> str:
        """Hash of all that decides the answer: sources of the formulas, numbers, first state."""
        system, y0, end = self.parts
        stamp = hashlib.sha256(json.dumps([self.name, model_text(system.model), end]).encode())
        for a in (system.cells.numbers, system.fields, *system.stoichiometry, y0, system.grid.volume):
            stamp.update(np.ascontiguousarray(a).tobytes())
        for a in system.tables:
            stamp.update(np.ascontiguousarray(a).tobytes())
        return stamp.hexdigest()


def of_scenario(scenario: sim.Scenario) -> tuple[System, np.ndarray, float]:
    """System and first state of a scenario without interventions."""
    builder = Builder(scenario)
    (segment,) = builder.segments()
    return segment.system, builder.initial(segment.system), segment.end


def lesion(cells: int, geometry: str = "rectangle", days: float = 30.0) -> sim.Scenario:
    """The infarct in a square or cube of about `cells` a side: 3/4 lesion, 1/4 border, in cross."""
    half = cells // 2
    core = min(half - 1, round(0.75 * half))
    base = sim.scenario("infarct_myocardium").with_(duration=days * DAY)
    return base.with_geometry(geometry, {"lesion": core, "border": half - core})


def precipitation(quick: bool) -> Problem:
    """Stiff precipitation on a line of cells, the main job."""
    scenario = sim.scenario("infarct_myocardium")
    if quick:
        scenario = scenario.with_geometry("cylinder", {"lesion": 20, "border": 10}).with_(duration="5 day")
    return Problem(
        "precipitation-1d" + ("-quick" if quick else ""),
        "Stiff precipitation in one dimension: infarct_myocardium",
        lambda: of_scenario(scenario), scenario,
        judge=("cvode", 1e-9), witness=("ndf", 1e-8),
        rtols=(1e-3, 1e-4, 1e-5) if quick else (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7),
    )  # fmt: skip


def small(name: str) -> Problem:
    """Runs as sweeps have many: the infarct "stirred", a cell that plasma perfuses, or on "10 cells"."""
    base = sim.scenario("infarct_myocardium")
    if name == "stirred":
        base = sim.Scenario(
            "infarct_stirred", base.model, "well_mixed", (("lesion", 1),), "closed", base.duration,
            parameters=base.parameters, initial=base.initial,
        ).with_parameters({"lesion.perfusion": "1e-4 1/s"})  # fmt: skip
    else:
        base = base.with_geometry(base.geometry, {"lesion": 7, "border": 3})
    return Problem(
        f"precipitation-{name.replace(' ', '-')}", f"The infarct, {name}", lambda: of_scenario(base), base,
        judge=("cvode", 1e-9), witness=("ndf", 1e-8),
    )  # fmt: skip


def lesion_2d(quick: bool, cells: int = 64, rtols: tuple[float, ...] = (1e-3, 1e-4, 1e-5)) -> Problem:
    """The same chemistry in a square."""
    scenario = lesion(cells // 5, days=2.0) if quick else lesion(cells)
    return Problem(
        "lesion-2d" + ("" if cells == 64 else f"-{cells}") + ("-quick" if quick else ""),
        f"The infarct in a square of {cells} x {cells} cells",
        lambda: of_scenario(scenario), scenario,
        judge=("ndf", 1e-8), witness=("bdf", 1e-5) if quick else ("cvode", 1e-7),
        rtols=(1e-3, 1e-4) if quick else rtols,
    )  # fmt: skip


def lesion_small(quick: bool) -> Problem:
    """In so coarse a square that SciPy's BDF with its sparse LU comes to the end."""
    return lesion_2d(quick, 32, (1e-3, 1e-4))


LENGTH, DIFFUSIVITY = 1e-3, (1e-9, 4e-10)
MODES = ((1, 1), (2, 3))  # half waves along x and y of each species' cosine


def diffusion(quick: bool) -> Problem:
    """Smooth diffusion without reactions, where a step may as well be explicit."""
    n, end = (24, 20.0) if quick else (64, 20.0)
    model = sim.Model(
        (sim.Species("a", diffusivity=DIFFUSIVITY[0]), sim.Species("b", diffusivity=DIFFUSIVITY[1]))
    )

    def state(system: System, t: float) -> np.ndarray:
        """Cosines are eigenvectors of the two-point fluxes on equal cells; closed boundary."""
        y = np.zeros(system.size)
        u = system.split(y)[0]
        x, z = (system.grid.centres[a] for a in system.grid.axes)
        h = LENGTH / n
        for k, (d, modes) in enumerate(zip(DIFFUSIVITY, MODES, strict=True)):
            rate = sum(4.0 * d / h**2 * math.sin(0.5 * math.pi * m / n) ** 2 for m in modes)
            wave = np.cos(modes[0] * math.pi * x / LENGTH) * np.cos(modes[1] * math.pi * z / LENGTH)
            u[:, k] = 1.0 + 0.5 * wave * math.exp(-rate * t)
        return y

    def make() -> tuple[System, np.ndarray, float]:
        system = System(model, grids.rectangle([LENGTH] * 2, [n] * 2))
        return system, state(system, 0.0), end

    return Problem(
        "diffusion-2d" + ("-quick" if quick else ""),
        "Smooth diffusion of two species in a square, no reactions",
        make, exact=lambda system: state(system, end),
        rtols=(1e-3, 1e-5) if quick else (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8),
    )  # fmt: skip


PROBLEMS: dict[str, Callable[[bool], Problem]] = {
    "precipitation": precipitation,
    "square": lesion_small,
    "lesion": lesion_2d,
    "diffusion": diffusion,
}
