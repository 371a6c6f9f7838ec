"""Crystals that stop at a size: their moments against every crystal followed for itself."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from sim.kinetics import growth, precursors
from sim.model.library import model

V = model().parameters.si("mineral.V_HAP")  # m3/mol
L_MAX = model().parameters.si("growth.L_max")
SPAN = 1e6  # s


def speed(t):
    """G [m/s]: fast, slow, and none for a while, as supersaturation comes and goes."""
    return 1.5e-13 * max(math.sin(2 * math.pi * t / SPAN * 1.3), 0.0)


def loss(t):
    """Share of crystals that dissolution takes [1/s], while nothing grows."""
    return 4e-6 * max(-math.sin(2 * math.pi * t / SPAN * 1.3), 0.0)


def births(t):
    """(crystals m-3 s-1, their diameter): a burst, of sizes that change."""
    return 3e15 * math.exp(-((t / SPAN - 0.3) ** 2) / 0.01), 2e-9 * (1 + t / SPAN)


START = np.linspace(1e-9, 0.9 * L_MAX, 12)  # diameters at the start, 1e19 m-3 of each


def by_moments(t, y):
    """The formulas of the package."""
    m0, m1, m2, HAP = y
    (J, d), G, s = births(t), speed(t), loss(t)
    return [
        J - growth.shrink(m0, s),
        growth.birth_length(J, d) + growth.growth_length(G, m0, m1, L_MAX) - growth.shrink(m1, s),
        growth.birth_area(J, d) + growth.growth_area(G, m1, m2, L_MAX) - growth.shrink(m2, s),
        growth.birth_amount(J, d, V) + growth.growth_amount(G, m2, HAP, L_MAX, V) - growth.shrink(HAP, s),
    ]


def moments(number, size):
    return np.array([(number * size**k).sum() for k in range(4)])


def one_by_one(times, classes=3000):
    """Moments (n, 4) of crystals in classes, each grown by dL/dt = G (1 - L/L_max) from its own birth."""
    edges = np.linspace(0.0, SPAN, classes + 1)
    born = 0.5 * (edges[1:] + edges[:-1])
    number = np.array([births(t)[0] for t in born]) * np.diff(edges)
    size = np.array([births(t)[1] for t in born])
    # Each crystal needs the integral of G since its birth, each class that of the losses.
    dense = solve_ivp(lambda t, _: [speed(t), loss(t)], (0, SPAN), [0.0, 0.0], "DOP853",
                      rtol=1e-11, atol=[1e-20, 1e-12], max_step=SPAN / 500,
                      dense_output=True).sol  # fmt: skip
    found = []
    for t in times:
        here = born <= t
        grown, lost = dense(t)[:, None] - dense(born[here])
        L = L_MAX - (L_MAX - size[here]) * np.exp(-grown / L_MAX)
        old = L_MAX - (L_MAX - START) * math.exp(-dense(t)[0] / L_MAX)
        found.append(
            moments(number[here] * np.exp(-lost), L)
            + moments(np.full(START.size, 1e19) * math.exp(-dense(t)[1]), old)
        )
        assert max(L.max(initial=0.0), old.max()) < L_MAX
    return np.array(found)


def test_the_solution_for_one_crystal_is_that_of_its_equation():
    """The closed form that the many are followed by, against one crystal integrated step by step."""
    one = solve_ivp(lambda t, L: [speed(t) * (1 - L[0] / L_MAX)], (0, SPAN), [3e-9], "DOP853", rtol=1e-11,
                    atol=1e-20, max_step=SPAN / 500)  # fmt: skip
    way = solve_ivp(lambda t, _: [speed(t)], (0, SPAN), [0.0], "DOP853", rtol=1e-11, atol=1e-20,
                    max_step=SPAN / 500).y[0, -1]  # fmt: skip
    assert one.y[0, -1] == pytest.approx(L_MAX - (L_MAX - 3e-9) * math.exp(-way / L_MAX), rel=1e-8)
    assert 0.8 * L_MAX < one.y[0, -1] < L_MAX


def test_moments_close_exactly_under_the_limit_of_size():
    """m0 to m3 of formulas of moments alone, with births, growth, pauses and losses."""
    times = np.linspace(0.05, 1, 20) * SPAN
    m = moments(np.full(START.size, 1e19), START)
    start = [*m[:3], math.pi / 6 * m[3] / V]
    found = solve_ivp(by_moments, (0, SPAN), start, "DOP853", times, rtol=1e-10,
                      atol=np.array(start) * 1e-12, max_step=SPAN / 500).y.T  # fmt: skip
    found[:, 3] = growth.third_moment(found[:, 3], V)
    exact = one_by_one(times)
    worst = np.abs(found / exact - 1).max()
    print("moments", worst)
    assert worst < 1e-4, "classes are 1/3000 of the time wide"
    assert exact[:, 0].max() > 3 * m[0] and exact[-1, 0] < 0.9 * exact[:, 0].max()  # births and losses matter


def test_nothing_outgrows_its_largest_size():
    """A long time at full speed: every mean diameter comes up to L_max and stays."""
    y = np.array([1e20, 1e20 * 3e-9, 1e20 * 9e-18, math.pi / 6 * 1e20 * 27e-27 / V])

    def rhs(t, y):
        m0, m1, m2, HAP = y
        return [
            0.0,
            growth.growth_length(1e-13, m0, m1, L_MAX),
            growth.growth_area(1e-13, m1, m2, L_MAX),
            growth.growth_amount(1e-13, m2, HAP, L_MAX, V),
        ]

    end = solve_ivp(rhs, (0, 5e7), y, "LSODA", rtol=1e-10, atol=y * 1e-10).y[:, -1]
    m0, m1, m2, m3 = *end[:3], growth.third_moment(end[3], V)
    for mean in (m1 / m0, m2 / m1, m3 / m2):
        assert mean == pytest.approx(L_MAX, rel=1e-5)


def test_crystals_beyond_the_limit_do_not_grow_and_do_not_shrink():
    """Seeds of 100 nm that were there at the start."""
    n, d = 1e18, 100e-9
    assert growth.growth_length(1e-13, n, n * d, L_MAX) == 0.0
    assert growth.growth_area(1e-13, n * d, n * d**2, L_MAX) == 0.0
    assert growth.growth_amount(1e-13, n * d**2, math.pi / 6 * n * d**3 / V, L_MAX, V) == 0.0


def test_ripened_crystals_have_the_size_that_is_stated():
    """m_k = number x size^k, k = 0 to 3, the third from the amount; a unit takes five granule units."""
    rate = precursors.ripening(10.0, 0.5, 9.0, 1e-6)
    assert rate == pytest.approx(0.2 * 1e-6 * 10.0 * 0.5 * 0.9, rel=1e-12)
    size = 20e-9
    number = precursors.ripened_number(rate, size, V)
    assert growth.birth_length(number, size) == pytest.approx(number * size)
    assert growth.birth_area(number, size) == pytest.approx(number * size**2)
    assert growth.third_moment(rate, V) == pytest.approx(number * size**3, rel=1e-12)
    assert precursors.ripening(10.0, 0.0, 9.0, 1e-6) == 0.0, "what holds apatite holds ripening"
    assert precursors.ripening(10.0, 1.0, -1.0, 1e-6) == 0.0
