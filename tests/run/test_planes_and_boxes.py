"""Two and three dimensions at the sizes where multigrid works: the same bodies, the same bits, the ledger."""

import numba
import numpy as np
import pytest
from reference import busy, elements
from solver_traits import GENERAL_ON_PLANES

import sim

SHOWN = ("Ca", "P", "H", "PPi", "HAP", "granules", "buffer_H")
P = sim.Parameter


def fed(geometry, lesion, border, **changes):
    """An infarct whose border is so well perfused that what lies beyond it does not matter."""
    scenario = sim.scenario("infarct_myocardium").with_geometry(
        geometry, {"lesion": lesion, "border": border}
    )
    values = {
        "border.perfusion": P(0.02, "1/s"),
        "lesion.radius": P(1.0, "mm"),
        "border.thickness": P(0.5, "mm"),
    }
    return scenario.with_parameters(values | changes)


def radial(result, name, edges):
    """Volume means of a variable at the end over rings or shells."""
    r = np.sqrt(sum(result[a] ** 2 for a in result["volume"].dims)).values
    v = result["volume"].values
    where = np.digitize(r, edges) - 1
    x = result[name].values[-1]
    return np.array([(x * v)[where == k].sum() / v[where == k].sum() for k in range(len(edges) - 1)])


@pytest.mark.parametrize(
    ("flat", "round_", "sizes", "days"),
    [
        ("rectangle", "cylinder", (12, 24), "3 day"),
        pytest.param("box", "sphere", (5, 10), "1 day", marks=pytest.mark.slow),
    ],
)
def test_a_disc_is_a_cylinder_and_a_ball_a_sphere(flat, round_, sizes, days):
    """Staircase borders average out over a ring: halving the cell brings the bodies together."""
    edges = np.linspace(0.0, 1.0e-3, 6)
    judge = sim.simulate(fed(round_, 80, 40).with_(duration=days), times=2)
    off = []
    for n in sizes:
        result = sim.simulate(fed(flat, n, n // 2).with_(duration=days), times=2, rtol=1e-4)
        assert result.stats["v_cycles"] > 0 or n == min(sizes)
        worst = 0.0
        for name in ("Ca", "P", "H", "granules"):
            a, b = radial(result, name, edges), radial(judge, name, edges)
            worst = max(worst, np.abs(a - b).max() / np.abs(b).max())
        off.append(worst)
    print(flat, off)
    assert off[1] < 0.4 * off[0]  # second order would be 0.25
    assert off[1] < 3e-3


@pytest.mark.parametrize(("geometry", "cells"), [("rectangle", (7, 3)), ("box", (3, 1))])
@pytest.mark.parametrize("solver", GENERAL_ON_PLANES)
def test_multigrid_keeps_every_element(geometry, cells, solver):
    """A closed box, all processes on, the Krylov tolerance as it is (10 %)."""
    scenario = busy(geometry, dict(zip(("lesion", "border"), cells, strict=True))).with_(duration="5 day")
    result = sim.simulate(scenario, solver=solver, times=6)
    assert result.success, result.message
    assert result["volume"].size > 300  # below, a sparse LU would do the work
    for element, held in elements(result).items():
        drift = np.abs(held / held[0] - 1).max()
        print(geometry, solver, element, drift)
        assert drift < 1e-10
    assert result.manifest["ledger_residual"] < 1e-10


@pytest.mark.parametrize(("geometry", "cells"), [("rectangle", (7, 3)), ("box", (3, 1))])
@pytest.mark.parametrize("solver", GENERAL_ON_PLANES)
def test_what_comes_in_is_counted_as_it_comes(geometry, cells, solver):
    """Open faces and perfusion: the tail of supplies is integrated with the rest, so that the ledger
    closes to rounding although neither Newton nor multigrid does."""
    scenario = busy(geometry, dict(zip(("lesion", "border"), cells, strict=True)))
    scenario = scenario.with_(outer="fixed", duration="2 day")
    scenario = scenario.with_parameters({"border.perfusion": P(0.002, "1/s")})
    result = sim.simulate(scenario, solver=solver, times=4, rtol=1e-4)
    assert result.success and result["volume"].size > 300, result.message
    ledger = result["ledger"].isel(time=-1).sel(element="P")
    for way in ("boundary", "perfusion"):
        assert abs(float(ledger.sel(pool=f"supplied by {way}"))) > 1e-3 * float(abs(ledger).max())
    print(geometry, solver, result.manifest["ledger_residual"])
    assert result.manifest["ledger_residual"] < 1e-10


@pytest.mark.parametrize(
    ("geometry", "cells", "hours"), [("rectangle", (18, 6), "6 h"), ("box", (5, 2), "2 h")]
)
def test_threads_do_not_change_a_bit(geometry, cells, hours):
    scenario = fed(geometry, *cells).with_(duration=hours)
    threads = numba.get_num_threads()
    found = []
    try:
        for n in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(n)
            found.append(sim.simulate(scenario, times=2, rtol=1e-4))
    finally:
        numba.set_num_threads(threads)
    one, two = found
    assert one["volume"].size > 2048  # from here on two threads share the cells
    assert one.stats == two.stats
    for name in (s.name for s in scenario.model.species):
        assert np.array_equal(one[name].values, two[name].values), name


def test_outputs_and_cuts_do_not_change_a_plane():
    """More outputs: not a bit. A cut restarts the integrator: within what the tolerance allows."""
    scenario = fed("rectangle", 8, 3).with_(duration="1 day")
    few = sim.simulate(scenario, times=2, rtol=1e-6, atol=1e-7)
    many = sim.simulate(scenario, times=20, rtol=1e-6, atol=1e-7)
    ppi = scenario.parameters.si("plasma.PPi")
    cut = scenario.with_intervention(sim.Intervention(at="9 h", boundary={"PPi": ppi}))
    split = sim.simulate(cut, times=2, rtol=1e-6, atol=1e-7)
    for name in SHOWN:
        a = few[name].values[-1]
        assert np.array_equal(a, many[name].values[-1])
        assert np.abs(a - split[name].values[-1]).max() < 1e-4 * np.abs(a).max(), name


@pytest.mark.parametrize(
    ("geometry", "cells", "hours"), [("rectangle", (9, 3), "1 day"), ("box", (4, 2), "3 h")]
)
def test_a_symmetric_lesion_stays_symmetric(geometry, cells, hours):
    """Mirrors and quarter turns. Red-black sweeps are not symmetric and Newton stops at a share of the
    tolerance; what is left must go with it."""
    scenario = fed(geometry, *cells).with_(duration=hours)
    for rtol in (1e-4, 1e-6):
        result = sim.simulate(scenario, times=2, rtol=rtol, atol=rtol / 10)
        worst = 0.0
        for name in SHOWN:
            v = result[name].values[-1]
            for image in (v[::-1], v[:, ::-1], np.swapaxes(v, 0, 1), np.rot90(v)):
                worst = max(worst, np.abs(image - v).max() / np.abs(v).max())
        print("symmetry", geometry, rtol, worst)
        assert worst < 0.2 * rtol
