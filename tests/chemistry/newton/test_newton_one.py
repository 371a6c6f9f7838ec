"""The kernel for one fluid: balances, cold starts, order, derivatives, bad input, a slow reference."""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from sim.chemistry import activity
from sim.chemistry.constants_sets import constants_set
from sim.chemistry.many import solve_totals
from sim.chemistry.newton.one.balances import evaluate_balances, largest_imbalance
from sim.chemistry.newton.one.factors import factorise, newton_step
from sim.chemistry.newton.one.sensitivities import sensitivities
from sim.chemistry.newton.one.solve import solve_fluid
from sim.chemistry.newton.one.work_space import Work, pieces_of
from sim.chemistry.newton.records import BAD_INPUT, work_size

LN10 = math.log(10)
COMPONENTS = ("Ca", "P", "C", "H", "Mg", "Na", "K", "Cl")
PLASMA = np.array([2.5e-3, 1e-3, 24e-3, 3e-3, 0.8e-3, 0.142, 4e-3, 0.103])
TABLES = constants_set("tissue-37C").tables(COMPONENTS, 310.15)


def run(tables, totals, x=None, pH=None):
    """One solve; returns status, x, m, ln gamma."""
    nc, ns = len(tables.components), len(tables.species)
    x = np.full(nc + 2, np.nan) if x is None else np.array(x)
    is_fixed = np.zeros(nc, dtype=np.uint8)
    if pH is not None:
        is_fixed[tables.components.index("H")] = 1
        x[tables.components.index("H")] = -LN10 * pH
    m, lng, work = np.zeros(ns), np.zeros(ns), np.zeros(tables.work_size)
    status, iterations, _, _ = solve_fluid(
        np.array(totals, dtype=float), is_fixed, x, m, lng, work, tables.reactions
    )
    return status, iterations, x, m, lng


def random_totals(rng, n, tables):
    """Totals 1e-9 to 0.5 mol/kgw, each component missing in 15 % of the fluids."""
    totals = 10 ** rng.uniform(-9, math.log10(0.5), (n, len(tables.components)))
    totals[rng.random(totals.shape) < 0.15] = 0.0
    return totals


@pytest.mark.parametrize("name", ["tissue-37C", "minteq.v4", "phreeqc"])
def test_no_cold_start_fails_and_acidity_returns_the_pH(name):
    """20 000 fluids in all, pH 4-10: none unsolved; pH returns to 1e-10, balances to 1e-12."""
    tables = constants_set(name).tables(None, 310.15)
    n = 14000 if name == "tissue-37C" else 3000
    rng = np.random.default_rng(11)
    totals = random_totals(rng, n, tables)
    if name == "minteq.v4":
        # With the limiting law, which the file has for ions of EDTA, coefficients fall so fast that at higher
        # totals rounding of the acidity moves the pH by more than 1e-10.
        totals[:, tables.components.index("EDTA")] *= 0.1
    pH = rng.uniform(4, 10, n)
    h = tables.components.index("H")
    first = solve_totals(tables, totals, pH)
    assert np.count_nonzero(first.status) == 0
    back = solve_totals(tables, totals, None, first.totals[:, h])
    assert np.count_nonzero(back.status) == 0
    assert np.max(np.abs(-back.x[:, h] / LN10 - pH)) < 1e-10
    size = back.m @ np.abs(tables.nu) + 1e-300
    assert np.max(np.abs(back.m @ tables.nu - back.totals) / size) < 1e-12
    assert not np.isnan(back.m).any()


def test_no_cold_start_at_any_acidity_fails():
    """5000 fluids with acidity -0.5 to 0.5 mol/kgw, strong acid and strong base included."""
    tables = constants_set("tissue-37C").tables(None, 310.15)
    rng = np.random.default_rng(12)
    totals = random_totals(rng, 5000, tables)
    acidity = rng.uniform(-0.5, 0.5, 5000) * 10 ** rng.uniform(-6, 0, 5000)
    found = solve_totals(tables, totals, None, acidity)
    assert np.count_nonzero(found.status) == 0


def test_newton_is_quadratic_with_activity_coefficients_inside():
    """From 5 % off, each residual is below a constant times the square of the one before.

    With frozen gamma the residual would fall by a constant factor of about 5 per step instead.
    """
    _, _, x, m, _ = run(TABLES, PLASMA)
    nc, ns = len(COMPONENTS), m.size
    t, x = TABLES.reactions, x + 0.05 * np.cos(np.arange(nc + 2)) * np.r_[np.ones(nc), x[nc], x[nc + 1]]
    classes = len(t.classes)
    sizes = [2 * nc + 2 + classes, classes, nc * nc] + [nc] * 8 + [nc + 2]
    pieces = Work(*(np.zeros(n) for n in sizes))
    m = np.zeros(ns)
    seen = []
    for _ in range(4):
        sum_m, I = evaluate_balances(x, PLASMA, m, pieces, t)
        seen.append(largest_imbalance(x, sum_m, I, pieces, t))
        corner = factorise(m, pieces, t)
        dI, dL = newton_step(x, sum_m, I, corner, pieces, t)
        x[:nc] += pieces.y
        x[nc] += dI
        x[nc + 1] += dL
    assert 1e-3 < seen[0] < 0.2
    for before, after in zip(seen, seen[1:], strict=False):
        assert after < 2 * before**2, seen
    assert seen[3] < 1e-11, seen


def test_warm_start_takes_two_steps_and_finds_the_same():
    """1e-4 away: two Newton steps, and the cold solution to 1e-12."""
    _, _, x, _, _ = run(TABLES, PLASMA)
    near = PLASMA * (1 + 1e-4 * np.cos(np.arange(PLASMA.size)))
    _, _, cold, _, _ = run(TABLES, near)
    status, iterations, warm, _, _ = run(TABLES, near, x)
    assert status == 0 and iterations <= 2
    assert warm == pytest.approx(cold, abs=1e-12)


def test_sensitivities_are_the_derivatives():
    """Central differences of 0.01 % of each total, for ln activities, I and ln water activity."""
    _, _, x, m, _ = run(TABLES, PLASMA)
    nc = len(COMPONENTS)
    out, work = np.zeros((nc + 2, nc)), np.zeros(TABLES.work_size)
    sensitivities(PLASMA, np.zeros(nc, np.uint8), x, m, out, work, TABLES.reactions)
    for k in range(nc):
        h = 1e-4 * PLASMA[k]
        up, down = PLASMA.copy(), PLASMA.copy()
        up[k] += h
        down[k] -= h
        numerical = (run(TABLES, up)[2] - run(TABLES, down)[2]) / (2 * h)
        assert out[:, k] == pytest.approx(numerical, rel=2e-6, abs=1e-6 * np.abs(numerical).max())


def test_sensitivities_skip_fixed_and_absent_components():
    totals = PLASMA.copy()
    totals[COMPONENTS.index("Mg")] = 0.0
    status, _, x, m, _ = run(TABLES, totals, pH=7.4)
    nc = len(COMPONENTS)
    is_fixed = np.array([c == "H" for c in COMPONENTS], dtype=np.uint8)
    out, work = np.ones((nc + 2, nc)), np.zeros(TABLES.work_size)
    sensitivities(totals, is_fixed, x, m, out, work, TABLES.reactions)
    assert status == 0
    assert np.isfinite(out).all()
    assert not out[:, COMPONENTS.index("H")].any() and not out[:, COMPONENTS.index("Mg")].any()
    assert not out[COMPONENTS.index("H")].any()  # its activity is held


def test_the_pieces_of_the_work_vector_fill_it():
    """Each of its own length, one after the other, up to the last number."""
    r, nc = TABLES.reactions, len(COMPONENTS)
    work = np.arange(float(work_size(nc, len(r.classes))))
    pieces = pieces_of.py_func(work, nc, r)
    assert TABLES.work_size == work.size
    np.testing.assert_array_equal(np.concatenate(pieces), work)
    assert [p.size for p in pieces[3:]] == [nc] * 8 + [nc + 2]


@pytest.mark.parametrize("total", [-1e-12, math.nan, math.inf, 1e9])
def test_impossible_totals_give_a_status_and_end(total):
    totals = PLASMA.copy()
    totals[0] = total
    assert run(TABLES, totals)[0] == BAD_INPUT


def test_unset_pH_is_bad_input():
    assert run(TABLES, PLASMA, pH=math.nan)[0] == BAD_INPUT


def test_absent_components_leave_no_trace():
    """Without Ca the other species are those of a table that never heard of Ca."""
    totals = PLASMA.copy()
    totals[0] = 0.0
    status, _, x, m, _ = run(TABLES, totals)
    fewer = constants_set("tissue-37C").tables(COMPONENTS[1:], 310.15)
    _, _, y, n, _ = run(fewer, totals[1:])
    assert status == 0 and x[0] == -math.inf
    assert x[1:] == pytest.approx(y, abs=1e-12)
    for j, name in enumerate(TABLES.species):
        expected = n[fewer.species.index(name)] if name in fewer.species else 0.0
        assert m[j] == pytest.approx(expected, rel=1e-12)


def test_pure_water_is_neutral():
    """No solutes, acidity 0: pH = pKw/2 to the activity of water."""
    status, _, x, m, _ = run(TABLES, np.zeros(8))
    log_Kw = constants_set("tissue-37C").log_K(310.15)["OH"]
    assert status == 0
    assert -x[3] / LN10 == pytest.approx(-log_Kw / 2, abs=1e-6)


@pytest.mark.parametrize(("Ca", "P", "C", "pH"), [(2.5e-3, 1e-3, 0.024, 7.4), (0.01, 0.02, 0.005, 5.5)])
def test_a_slow_nested_bisection_agrees(Ca, P, C, pH):
    """Nested root finding on balances written out by hand, constants typed from the table."""
    T = 310.15
    A, _ = activity.debye_hueckel(T)

    def K(log_K, dH):
        return 10 ** (log_K + 1e3 * dH / (LN10 * 8.3147) * (1 / 298.15 - 1 / T))

    Na, Cl, H = 0.14, 0.11, 10**-pH
    Kw = K(-13.997, 55.81)
    K1, K2, K3 = K(12.375, -15.0), K(19.573, -18.0), K(21.721, -10.1)
    C1, C2 = K(10.329, -14.6), K(16.681, -23.76)

    def species(I, aw, ca, po4, co3, na):
        """Molalities from the activities of the free ions."""
        g = [10 ** activity.davies(I, z, A) for z in range(4)]
        g[0] = 10 ** (0.1 * I)
        return {
            "Ca": ca / g[2],
            "Na": na / g[1],
            "Cl": Cl,
            "H": H / g[1],
            "OH": Kw * aw / H / g[1],
            "PO4": po4 / g[3],
            "HPO4": K1 * po4 * H / g[2],
            "H2PO4": K2 * po4 * H**2 / g[1],
            "H3PO4": K3 * po4 * H**3 / g[0],
            "CaPO4": K(6.46, 12.97) * ca * po4 / g[1],
            "CaHPO4": K(15.035, -3.0) * ca * po4 * H / g[0],
            "CaH2PO4": K(20.923, -6.0) * ca * po4 * H**2 / g[1],
            "CaOH": K(-12.697, 64.11) * ca * aw / H / g[1],
            "NaHPO4": K(13.225, -15.0) * na * po4 * H / g[1],
            "CO3": co3 / g[2],
            "HCO3": C1 * co3 * H / g[1],
            "CO2": C2 * co3 * H**2 / aw / g[0],
            "CaCO3": K(3.224, 14.83) * ca * co3 / g[0],
            "CaHCO3": K(11.435, -3.34) * ca * co3 * H / g[1],
            "NaCO3": K(1.27, -20.35) * na * co3 / g[1],
            "NaHCO3": K(10.079, -14.6) * na * co3 * H / g[0],
        }

    total = {"Ca": Ca, "PO4": P, "CO": C, "Na": Na}

    def balanced(I, aw):
        free = {"Ca": Ca / 5, "PO4": P * 1e-6, "CO": C * 1e-3, "Na": Na / 2}

        def off(ln_a, symbol):
            m = species(I, aw, *{**free, symbol: math.exp(ln_a)}.values())
            return sum(v for n, v in m.items() if symbol in n) / total[symbol] - 1

        for _ in range(200):  # Gauss-Seidel, one balance at a time
            old = dict(free)
            for symbol in free:
                root = brentq(off, -60, 2, args=(symbol,), xtol=1e-15, rtol=1e-15)
                free[symbol] = math.exp(root)
            if max(abs(free[k] / old[k] - 1) for k in free) < 1e-13:
                break
        return species(I, aw, *free.values())

    tables = constants_set("tissue-37C").tables(("Ca", "P", "C", "Na", "Cl", "H"), T)
    charge = {n: z for n, z in zip(tables.species, tables.charge, strict=True)}
    I, aw = 0.15, 1.0
    for _ in range(60):
        m = balanced(I, aw)
        new = 0.5 * sum(charge[n] ** 2 * v for n, v in m.items())
        done = abs(new - I) < 1e-14
        I, aw = new, 1 - 0.017 * sum(m.values())
        if done:
            break
    assert set(m) == set(tables.species)
    _, _, _, mine, _ = run(tables, [Ca, P, C, Na, Cl, 0.0], pH=pH)
    for name, value in zip(tables.species, mine, strict=True):
        assert value == pytest.approx(m[name], rel=1e-9), name
