"""One fluid by vector code from Python, against the kernel for one fluid."""

from __future__ import annotations

import numpy as np
import pytest

from sim.chemistry.activity import LN10
from sim.chemistry.newton.one.solve import solve_fluid
from sim.chemistry.newton.records import work_size
from sim.chemistry.newton.straight import one_fluid
from sim.chemistry.newton.straight.one_fluid import solve_one
from sim.chemistry.newton.straight.solve import fluid_routines
from sim.chemistry.pore_water import H, components_of, pore_water_tables

COMPONENTS = components_of()
BACKGROUND = {"Mg": 0.8, "Na": 142.0, "K": 4.0, "Cl": 103.0}
N = len(COMPONENTS)


def tables(T=310.15):
    return pore_water_tables("tissue-37C", T, BACKGROUND)


def by_kernel(t, total, x, at_pH):
    r, fixed = t.equations.reactions, np.zeros(N, np.uint8)
    fixed[H] = at_pH
    m, lng, work = np.zeros(r.K.size), np.zeros(r.K.size), np.zeros(work_size(N, len(r.classes)))
    status = solve_fluid(total, fixed, x, m, lng, work, r)[0]
    return m, status == 0


def fluid(t, rng):
    total = t.total.copy()
    total[:3] = np.array([2.5e-3, 1e-3, 24e-3]) * 10 ** rng.uniform(-3, 1, 3)
    total[H] = rng.uniform(-0.02, 0.03)
    return total


@pytest.mark.parametrize("at_pH", [False, True])
@pytest.mark.parametrize("T", [298.15, 310.15])
def test_it_is_the_solution_of_the_kernel(T, at_pH, monkeypatch):
    """Cold starts, which vector code solves itself."""
    t, rng = tables(T), np.random.default_rng(5)
    monkeypatch.setattr(one_fluid, "_by_kernel", None)
    for _ in range(20):
        total, x = fluid(t, rng), np.full(N + 2, np.nan)
        if at_pH:
            x[H] = -LN10 * rng.uniform(4.5, 9.0)
        y = x.copy()
        m, solved = solve_one(t.equations, total, x, at_pH)
        wanted, sound = by_kernel(t, total, y, at_pH)
        assert solved and sound
        np.testing.assert_allclose(x, y, rtol=0, atol=1e-10)
        np.testing.assert_allclose(m, wanted, rtol=1e-10)


def test_what_is_absent_has_no_activity():
    t = tables()
    total = fluid(t, np.random.default_rng(6))
    total[COMPONENTS.index("Mg")] = 0.0
    x = np.full(N + 2, np.nan)
    y = x.copy()
    m, solved = solve_one(t.equations, total, x, False)
    wanted, _ = by_kernel(t, total, y, False)
    assert solved and np.isneginf(x[COMPONENTS.index("Mg")])
    np.testing.assert_allclose(m, wanted, rtol=1e-10, atol=0)


def test_what_vector_code_leaves_goes_to_the_kernel():
    """A total that is no number has no solution; a brine has one that vector code does not vouch for."""
    t, x = tables(), np.full(N + 2, np.nan)
    total = fluid(t, np.random.default_rng(7))
    total[0] = np.nan
    assert not solve_one(t.equations, total, x, False)[1]
    brine = t.total.copy()
    brine[:3] = 1e-3
    brine[COMPONENTS.index("Na")] = brine[COMPONENTS.index("Cl")] = 1.5
    x = np.full(N + 2, np.nan)
    m, solved = solve_one(t.equations, brine, x, False)
    assert solved and x[N] > 1.0
    np.testing.assert_allclose(m, by_kernel(t, brine, np.full(N + 2, np.nan), False)[0], rtol=1e-10)


def test_programs_are_made_once_for_all_temperatures():
    """What depends on the temperature is read from numbers."""
    assert len({id(fluid_routines(tables(T).equations)) for T in (300.0, 301.0, 302.0)}) == 1
