"""What a change of porosity does to transport in Newton's matrix: against differences of the right-hand side,
its solves, and what it is worth where pores nearly close."""

from functools import cache

import numba
import numpy as np
import pytest
from reference import jacobian
from test_closing_pores import drawn, faults

import sim
from sim.run.asked.output_times import output_times
from sim.run.segments import Builder
from sim.solvers import Task, ndf, scipy_ivp, solver
from sim.solvers.linear.elimination import changing_pores
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.linear.pores.around_multigrid import ChangingPores
from sim.space.grid import slab

SIZES = {"slab": (4, 2), "sphere": (4, 2), "rectangle": (1, 1), "box": (1, 1)}
CLOSING = drawn(0).scenario.with_(outer="exchange")  # a slab of elastin
LINES = (0, 2, 8, 13, 58)  # tissues on lines that CVODE finished before Newton's matrix knew changing pores
PLANES = (170, 341)


@cache
def closing(geometry, sizes=None):
    """(system, t, y) in tissue whose pores have nearly closed, open and perfused.

    What has run out is raised a little: at the kink of max(x, 0) the slope is that of one side."""
    implant, capsule = sizes or SIZES[geometry]
    scenario = CLOSING.with_geometry(geometry, {"implant": implant, "capsule": capsule})
    scenario = scenario.with_parameters({"capsule.perfusion": 1e-3, "outer.permeability": 1e-6})
    builder = Builder(scenario)
    (segment,) = builder.segments()
    system, end = segment.system, 0.9 * segment.end
    task = Task(
        system, 0.0, end, builder.initial(system), output_times(end, 2), 1e-5, system.tolerances(1e-7)
    )
    y = solver("cvode").solve(task).end.copy()
    body, _ = system.split(y)
    np.maximum(body, 0.01 * system.scale, out=body)
    return system, end, y


def scaled(J, system):
    scale = system.tolerances(1.0)
    return J * scale / scale[:, None]


@pytest.mark.parametrize("geometry", SIZES)
def test_every_entry_is_that_of_differences(geometry):
    """Also the columns of solids, which make the porosity of a cell and of its neighbours' faces."""
    system, t, y = closing(geometry)
    linear = LinearSystem(system, pores=True)
    linear.linearise(t, y)
    porosity = system.cells.porosity[:, 0]
    assert porosity.min() < 0.5 * porosity.max()
    a = scaled(linear.sparse().toarray(), system)
    large, small = (scaled(jacobian(system, t, y, step), system) for step in (1e-5, 1e-6))
    # Rates of pores that nearly close have kinks, which a large step crosses; a small one has more rounding.
    b = np.where(np.abs(a - large) <= np.abs(a - small), large, small)
    size = np.abs(b).max(axis=1, keepdims=True) + 1e-12
    assert (np.abs(a - b) / size).max() < 1e-4  # as good as differences are
    # What solids do to transport is small beside the rest of a row, so that it is looked at alone.
    frozen = LinearSystem(system)
    frozen.linearise(t, y)
    part = b - scaled(frozen.sparse().toarray(), system)
    cell, kind = np.divmod(np.arange(system.size), system.n_species)
    tail = np.arange(system.size) >= system.body
    dissolved = np.isin(kind, system.mobile) | tail
    by_solids = dissolved[:, None] & ~dissolved
    elsewhere = by_solids & ((cell[:, None] != cell) | tail[:, None])
    largest = np.abs(part[elsewhere]).max()
    assert largest > 1e-6 * np.abs(b).max() and np.array_equal(part[elsewhere], b[elsewhere])
    error = np.abs(a - b) * by_solids
    hydrogen = (kind == [s.name for s in system.model.species].index("H")) & ~tail  # pH is known less well
    assert error[~hydrogen].max() < 1e-3 * largest and error[hydrogen].max() < 0.15 * largest


@pytest.mark.parametrize("geometry", SIZES)
@pytest.mark.parametrize("gamma", [1.0, 1e2, 1e4, 1e6])
def test_solves_invert_and_conserve(geometry, gamma):
    system, t, y = closing(geometry)
    linear = LinearSystem(system, pores=True)
    linear.linearise(t, y)
    assert linear.factor(gamma)
    J, scale = linear.sparse(), system.tolerances(1.0)
    r = scale * np.random.default_rng(1).normal(size=system.size)
    z = np.zeros_like(r)
    linear.solve(r, z)
    size = (np.abs(r) + np.abs(z) + gamma * (abs(J) @ np.abs(z))) / scale
    assert (np.abs(z - gamma * (J @ z) - r) / scale).max() < 1e-10 * size.max()
    for w in system.invariants:
        drift = abs(w @ z - w @ r) / (np.abs(w) @ (np.abs(z) + np.abs(r)))
        assert drift < (1e-12 if gamma < 1e5 else 1e-10)


def image(matrix, neighbour, x):
    """A x of a BetweenCells with changing pores, obviously."""
    out = np.einsum("nab,nb->na", matrix.local, x) + matrix.out * x
    for i, k in np.argwhere(neighbour >= 0):
        j = neighbour[i, k]
        out[i] += matrix.K[i, k] * (x[i] - x[j]) - matrix.across[i, 1, k] * x[j, -1]
    return out


@pytest.mark.parametrize("gamma", [1e2, 1e4, 1e6])
def test_multigrid_leaves_a_hundredth_and_conserves(gamma):
    """On a plane of more cells than a sparse LU takes."""
    system, t, y = closing("rectangle", (6, 3))
    linear = LinearSystem(system, pores=True)
    assert isinstance(linear.between, ChangingPores)
    linear.linearise(t, y)
    assert linear.factor(gamma)
    b = np.random.default_rng(1).normal(size=linear.b.shape) * system.grid.volume[:, None]
    b[:, -1] = 0.0
    x = np.zeros_like(b)
    linear.between.solve(b.copy(), x)
    left = b - image(linear.matrix, system.grid.neighbour, x)
    print(gamma, np.linalg.norm(left) / np.linalg.norm(b))
    assert np.linalg.norm(left) < 0.011 * np.linalg.norm(b)
    assert np.abs(left[:, -1]).max() < 1e-12 * np.abs(linear.matrix.local[:, -1, -1] * x[:, -1]).max()
    r, z = system.tolerances(1.0) * np.random.default_rng(1).normal(size=system.size), np.zeros(system.size)
    linear.solve(r, z)
    for w in system.invariants:
        drift = abs(w @ z - w @ r) / (np.abs(w) @ (np.abs(z) + np.abs(r)))
        assert drift < (1e-12 if gamma < 1e5 else 1e-10)


def pore_model(solids, floor, species=2):
    """Mobile species that diffuse where a solid fills pores, which stay open at the floor."""

    def porosity(solid, floor):
        return max(0.8 - 0.1 * solid, floor)

    def growth(c0, k):
        return k * c0

    return sim.Model(
        (
            *(sim.Species(f"c{k}", diffusivity=1e-9 * (k + 1)) for k in range(species)),
            sim.Species("solid"),
        ),
        (sim.Process("growth", growth, {"solid": 1, "c0": -1}, {"k": sim.Parameter(0.3, "1/s")}),),
        ((sim.Derived("porosity", porosity, {"floor": sim.Parameter(floor, "1")}),) if solids else ()),
    )


def state_of(model, n=5, solid=(0.0, 1.0, 2.5, 4.0, 6.5)):
    from sim.binder.system import System

    system = System(model, slab(1e-3, n))
    y = np.zeros(system.size)
    body, _ = system.split(y)
    body[:, :-1] = np.random.default_rng(3).uniform(0.2, 1.0, (n, body.shape[1] - 1))
    body[:, -1] = solid
    return system, y


@pytest.mark.parametrize("species", [2, 8])
def test_porosity_at_its_floor_moves_nothing(species):
    """0.8 - 0.65 = 0.15 in the last cell, below the floor. Eight species and pores fill no register."""
    system, y = state_of(pore_model(True, 0.2, species))
    linear = LinearSystem(system, pores=True)
    linear.linearise(0.0, y)
    J = linear.sparse().toarray()
    assert pytest.approx(jacobian(system, 0.0, y), abs=1e-6 * np.abs(J).max()) == J
    of_solids = J[: system.body, system.n_species - 1 : system.body : system.n_species]
    assert (np.abs(of_solids[:, :-1]).max(axis=0) > 0.0).all() and not of_solids[:, -1].any()
    assert linear.factor(50.0)
    r, z = np.random.default_rng(4).normal(size=system.size), np.zeros(system.size)
    linear.solve(r, z)
    assert z == pytest.approx(np.linalg.solve(np.eye(system.size) - 50.0 * J, r), rel=1e-9, abs=1e-11)


def test_where_porosity_is_given_there_is_nothing_to_know():
    system, _ = state_of(pore_model(False, 0.2))
    assert not changing_pores(system) and not LinearSystem(system, pores=True).pores
    assert changing_pores(state_of(pore_model(True, 0.2))[0])


def test_where_pores_stay_open_it_is_not_used():
    """At a known cost it is switched on by failures of Newton's method, of which there are none."""
    stats = sim.simulate(sim.scenario("infarct_myocardium"), rtol=1e-3, times=2, progress=False).stats
    assert stats["newton_failures"] == 0 and "pore_steps" not in stats


@pytest.mark.parametrize("i", LINES + PLANES)
def test_closing_pores_cost_no_more_steps_than_cvode_takes(i):
    one = drawn(i)
    found, judge = one.run(), one.run(solver="cvode")
    assert faults(found) == [] and judge.success
    stats = found.stats
    print(i, one.kind, stats, judge.stats["steps"], judge.stats["rhs"])
    assert stats["pore_steps"] > 0 and "cvode_steps" not in stats
    assert stats["steps"] < judge.stats["steps"] and stats["rhs"] < 0.7 * judge.stats["rhs"]
    assert found.manifest["ledger_residual"] < 1e-12


def test_a_frozen_porosity_makes_newtons_method_fail(monkeypatch):
    """What it is worth: without it the same tissue costs hundreds of failures."""
    one = drawn(0)
    assert one.run().stats["newton_failures"] < 10
    monkeypatch.setattr(ndf, "changing_pores", lambda system: False)
    assert one.run().stats["newton_failures"] > 100


def test_a_plane_that_closes_is_finished_by_multigrid():
    """The ledger stays, and threads do not change a bit."""
    scenario = drawn(12).scenario.with_geometry("rectangle", {"implant": 8, "capsule": 3})
    threads, found = numba.get_num_threads(), []
    try:
        for n in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(n)
            found.append(sim.simulate(scenario, rtol=1e-3, times=2, progress=False))
    finally:
        numba.set_num_threads(threads)
    one, two = found
    print(one.stats, one.manifest["ledger_residual"])
    assert faults(one) == [] and one.stats["pore_steps"] > 50 and "cvode_steps" not in one.stats
    assert one.stats["newton_failures"] < 60
    assert one.manifest["ledger_residual"] < 1e-12
    assert one.stats == two.stats
    for name in (s.name for s in scenario.model.species):
        assert np.array_equal(one[name].values, two[name].values), name


def test_scipys_integrators_go_on_where_they_came_to_a_standstill(monkeypatch):
    """1430 Jacobians in the first 3000 steps, and no end, where they knew nothing of it."""
    scenario = drawn(0).scenario.with_geometry("slab", {"implant": 6, "capsule": 2})

    def by_bdf():
        return sim.simulate(scenario, solver="bdf", rtol=1e-3, times=2, progress=False, max_steps=600)

    whole = by_bdf()
    monkeypatch.setattr(scipy_ivp, "LinearSystem", lambda system, pores: LinearSystem(system))
    frozen = by_bdf()
    print(whole.stats, frozen.stats)
    assert whole.success and not frozen.success
    assert whole.stats["jacobians"] < 0.5 * frozen.stats["jacobians"]
