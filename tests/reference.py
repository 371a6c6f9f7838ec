"""Slow, obvious versions of what the kernels do, and small problems with known answers."""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import spsolve

from sim.binder.system import System
from sim.model import library
from sim.model.model import Model
from sim.model.process import Derived, Process, arguments, coefficient, group
from sim.model.species import Species
from sim.parameters.parameter import Parameter
from sim.solvers import Task, solver
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.space.grid import Grid

D = 1e-9  # m2/s
L = 1e-3  # m


def supply(source):
    return source


def decay(u, k):
    return k * u


def linear_model() -> Model:
    """One diffusing species with a source field, first-order decay and a given porosity."""
    return Model(
        (Species("u", diffusivity=D),),
        (
            Process("supply", supply, {"u": 1}),
            Process("decay", decay, {"u": -1}, {"k": Parameter(0.0, "1/s")}),
        ),
        fields={"source": (0.0, "mol m-3 s-1", ""), "porosity": (1.0, "1", "")},
        name="linear",
    )


def steady(system: System) -> np.ndarray:
    """Pore concentration (n,) at which a linear one-species system rests, by a direct solve."""
    n = system.body
    zero, rate = np.zeros(system.size), np.zeros(system.size)
    system.rhs(0.0, zero, rate)
    linear = LinearSystem(system)
    linear.linearise(0.0, zero)
    y = zero.copy()
    y[:n] = spsolve(linear.sparse().tocsc()[:n, :n], -rate[:n])
    system.rhs(0.0, y, rate)  # at rest by the right-hand side, not only by its own Jacobian
    assert np.abs(rate[:n]).max() < 1e-9 * np.abs(linear.slopes).max() * np.abs(y).max() + 1e-12
    return system.evaluate(0.0, y)[2][:, 0]


def norms(grid: Grid, error: np.ndarray) -> tuple[float, float]:
    """Cell-volume-weighted L2 norm and maximum norm."""
    return float(np.sqrt(grid.volume @ error**2 / grid.volume.sum())), float(np.abs(error).max())


def slopes(errors) -> np.ndarray:
    """Observed orders between successive grids, each twice as fine; last axis: norms."""
    e = np.log2(np.array(errors))
    return e[:-1] - e[1:]


def fluxes(grid: Grid, c: np.ndarray, diffusivity: np.ndarray, f: np.ndarray) -> np.ndarray:
    """Transport into each cell [mol/s], (n, m): a loop over faces that writes to both sides."""
    gain = np.zeros_like(c)
    for i in range(grid.n_cells):
        for k, j in enumerate(grid.neighbour[i]):
            if j > i:
                back = list(grid.neighbour[j]).index(i)
                resistance = grid.half[i, k] / f[i] + grid.half[j, back] / f[j]
                flow = diffusivity * grid.area[i, k] / resistance * (c[j] - c[i])
                gain[i] += flow
                gain[j] -= flow
    return gain


def rates(system: System, t: float, cell: int, u: np.ndarray, water=None) -> np.ndarray:
    """Reactions of one cell by calling the formulas themselves (no kernels), (species,).

    water: {quantity: value} of the pore water's equilibrium, which has no formula that could be called
    """
    model = system.model
    p = dict(zip(model.parameters, system.p, strict=True))
    known = {"t": t, "porosity": 1.0}
    known |= dict(zip(model.fields, system.fields[cell], strict=False))
    known |= {s.name: v for s, v in zip(model.species, u, strict=True) if not s.mobile}
    known |= water or {}

    def call(owner: Process | Derived):
        values = []
        for a in arguments(owner.formula, owner.name):
            if a in owner.parameters and a not in owner.inputs:
                values.append(p[f"{group(owner.name)}.{a}"])
            else:
                name = owner.inputs.get(a, a)
                values.append(p[name] if name in p else known[name])
        return owner.formula(*values)

    def dissolve():
        """Pore concentrations, for whoever comes after the porosity."""
        return {s.name: v / known["porosity"] for s, v in zip(model.species, u, strict=True) if s.mobile}

    known |= dissolve()
    for d in model.order:
        if not set(d.outputs) <= set(water or {}):
            found = call(d)
            known |= dict(zip(d.outputs, found if isinstance(found, tuple) else (found,), strict=True))
        if "porosity" in d.outputs:
            known |= dissolve()
    change = dict.fromkeys((s.name for s in model.species), 0.0)
    for q in model.processes:
        rate = call(q)
        for s, v in q.changes.items():
            change[s] += coefficient(v, p) * rate
    return np.array(list(change.values()))


def jacobian(system: System, t: float, y: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Dense d(rhs)/dy by central differences."""
    scale = system.tolerances(1.0)
    out = np.empty((system.size, system.size))
    for k in range(system.size):
        h = step * max(abs(y[k]), 1e-2 * scale[k])
        up, down, f, g = y.copy(), y.copy(), np.empty_like(y), np.empty_like(y)
        up[k] += h
        down[k] -= h
        system.rhs(t, up, f)
        system.rhs(t, down, g)
        out[:, k] = (f - g) / (up[k] - down[k])
    return out


def run(system: System, y0, t1: float, name="cvode", rtol=1e-9, atol=1e-12, times=None):
    """Integrate a system from 0 and return its Solution, which must have finished."""
    times = np.array([t1]) if times is None else np.asarray(times, float)
    found = solver(name).solve(
        Task(system, 0.0, t1, np.asarray(y0, float), times, rtol, system.tolerances(atol))
    )
    assert found.status == "finished", found.message
    return found


def square_infarct():
    """A minute of the infarct in a square of 10 mm, 12 cells along an axis."""
    import sim

    plain = sim.scenario("infarct_myocardium").with_geometry("rectangle", {"lesion": 4, "border": 2})
    return plain.with_(duration="1 min")


def busy(geometry: str, cells: dict[str, int] | None = None, **changes):
    """The whole library model in an infarct so rich that every solid of the model forms.

    Closed, unperfused, with inflammatory acid; numbers chosen for activity, not for likeness.
    Parameters are given whole, so that their ranges are not asked.
    """
    import sim

    P = sim.Parameter
    scenario = sim.scenario("infarct_myocardium").with_(outer="closed")
    scenario = scenario.with_geometry(geometry, cells or {"lesion": 8, "border": 4})
    values = {
        "lesion.perfusion": P(0.0, "1/s"),
        "border.perfusion": P(0.0, "1/s"),
        "lesion.recruits": P(1.0),
        "border.recruits": P(1.0),
        "lesion.fetuin": P(0.002, "mM"),
        "border.fetuin": P(0.002, "mM"),
        "lesion.elastin": P(1e20, "1/m3"),
        "lesion.masked": P(0.9),
        "elastin.k": P(1e-6, "1/s"),
        "elastin.k_auto": P(1e-5, "1/s"),
        "lesion.alkali": P(2.0, "mM"),
        "lesion.macrophages": P(0.2),
        "plasma.Ca": P(8.0, "mM"),
        "plasma.P": P(8.0, "mM"),
        "necrosis.Ca_pool": P(5.0, "mM"),
        "necrosis.P_pool": P(42.0, "mM"),
        "inhibition.K_PPi": P(100.0, "m3/mol"),
        "nucleation.interfacial_energy": P(0.1, "J/m2"),
        "growth.k": P(1e-14, "m/s"),
        "OCP.k_template": P(1e-5, "1/s"),
    }
    return scenario.with_parameters(values | changes)


SOLIDS = ("core", *(s.name for s in library.model().solids))


def elements(result) -> dict[str, np.ndarray]:
    """{element: amount in the tissue over time [mol]}, added up by hand from the variables."""
    p = {n: q.si for n, q in result.parameters.items()}
    v = result["volume"].values
    axes = tuple(range(1, 1 + v.ndim))

    def mol(name, pore=False):
        x = result[name].values * (result["porosity"].values if pore else 1.0)
        return (x * v).sum(axes)

    Ca, P_, H = mol("Ca", True), mol("P", True), mol("H", True)
    cells = mol("doomed") + mol("leaky")
    amorphous = mol("ACP") + mol("granules") + mol("colloid") + mol("ripe_colloid")
    DCPD, OCP, HAP, core = mol("DCPD"), mol("OCP"), mol("HAP"), mol("core")
    return {
        "Ca": Ca + mol("buffer_Ca") + mol("bound_Ca") + core + amorphous + DCPD + 4 * OCP + 5 * HAP
        + p["necrosis.Ca_pool"] * cells,
        "P": P_ + mol("ester", True) + 2 * mol("PPi", True) + mol("slow_ester") + core
        + 0.74 * amorphous + DCPD + 3 * OCP + 3 * HAP
        + (p["necrosis.P_pool"] + p["necrosis.ester_pool"]) * cells,
        "C": mol("C", True),
        "acidity": H + mol("buffer_H") + mol("slow_ester") - mol("alkali")
        - 0.52 * amorphous - 2 * OCP - 4 * HAP
        + (p["necrosis.P_acid"] + p["necrosis.ester_pool"]) * cells
        + p["acid.load"] * mol("glycogen")
        + p["acid.inflammation"] * (mol("recruits") + mol("inflamed")),
        "lipid": mol("lipid") + mol("bound_Ca") + core + p["membrane.capacity"] * mol("doomed"),
    }  # fmt: skip
