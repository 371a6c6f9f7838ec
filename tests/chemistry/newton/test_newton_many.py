"""Many fluids as vector code, judged by the kernel for one fluid; NumPy's registers judge machine code."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.chemistry.constants_sets import constants_set, constants_sets
from sim.chemistry.many import MANY, solve_totals
from sim.chemistry.newton.one.solve import solve_fluids
from sim.chemistry.newton.straight.fluids import FluidPrograms
from sim.chemistry.newton.straight.guess import ROUNDS
from sim.chemistry.newton.straight.rows import fluid_numbers
from sim.chemistry.newton.straight.solve import fluid_code, solve_groups
from sim.chemistry.pore_water import components_of
from sim.codegen.machine import Routine
from sim.codegen.numpy_registers import interpret
from sim.simd.constants import WIDTH

COMPONENTS = components_of()
LN10 = math.log(10.0)
PLASMA = np.array([2.5e-3, 1e-3, 24e-3, 3e-3, 0.8e-3, 0.142, 4e-3, 0.103])
TABLES = constants_set("tissue-37C").tables(COMPONENTS, 310.15)
H = COMPONENTS.index("H")


def scalar(tables, totals, at_pH, x):
    """x, m, ln gamma and status of the kernel for one fluid."""
    n, ns = len(totals), len(tables.species)
    x, m, lng, status = x.copy(), np.zeros((n, ns)), np.zeros((n, ns)), np.zeros(n, np.int64)
    fixed = np.array([at_pH and c == "H" for c in tables.components]).astype(np.uint8)
    solve_fluids(totals, fixed, x, m, lng, status, np.zeros(tables.work_size), tables.reactions)
    return x, m, lng, status


def vector(tables, totals, at_pH, x):
    """The same of the vector code alone; 1 for the status of what it leaves."""
    n, ns = len(totals), len(tables.species)
    code, numbers = fluid_code(tables.equations), fluid_numbers(tables.equations, at_pH)
    x, m, lng, solved = x.copy(), np.zeros((n, ns)), np.zeros((n, ns)), np.zeros((n, 1))
    arrays = (totals, x, m, lng, solved, np.full((code.rows, WIDTH), np.nan), numbers)
    solve_groups(0, -(-n // WIDTH), at_pH, arrays, code)
    return x, m, lng, 1 - solved[:, 0]


def nothing(n, nc):
    """No start."""
    return np.full((n, nc + 2), np.nan)


def random_totals(rng, n, nc):
    """Totals 1e-9 to 0.5 mol/kgw, each component missing in 15 % of the fluids."""
    totals = 10 ** rng.uniform(-9, math.log10(0.5), (n, nc))
    totals[rng.random(totals.shape) < 0.15] = 0.0
    return totals


def assert_same(mine, expected, where, tolerance=1e-10):
    """Unknowns to `tolerance`, molalities relative to it, -inf and zero where they are."""
    for a, b in zip(mine[:1] + mine[2:3], expected[:1] + expected[2:3], strict=True):
        np.testing.assert_allclose(a[where], b[where], rtol=0, atol=tolerance)
    np.testing.assert_allclose(mine[1][where], expected[1][where], rtol=tolerance, atol=0)


@pytest.mark.parametrize("name", constants_sets())
def test_vector_code_finds_what_the_kernel_for_one_fluid_finds(name):
    """Cold at fixed pH 1-13, cold at any acidity, then warm from 5 % off, absent components included.

    What is called solved is the same to 1e-10; of the extreme fluids a few are left.
    """
    t = constants_set(name).tables(None, 310.15)
    nc, h, n = len(t.components), t.components.index("H"), 1603
    rng = np.random.default_rng(3)
    totals = random_totals(rng, n, nc)
    x = nothing(n, nc)
    x[:, h] = -LN10 * rng.uniform(1, 13, n)
    totals[:, h] = rng.uniform(-0.5, 0.5, n) * 10 ** rng.uniform(-6, 0, n)
    near = totals * (1 + 0.05 * rng.uniform(-1, 1, totals.shape))
    warm = scalar(t, totals, False, nothing(n, nc))[0]
    for given in ((totals, True, x), (totals, False, nothing(n, nc)), (near, False, warm)):
        mine, expected = vector(t, *given), scalar(t, *given)
        assert not expected[3].any()
        assert_same(mine, expected, mine[3] == 0)
        assert np.mean(mine[3] == 0) > 0.8


@pytest.mark.parametrize("at_pH", [False, True])
def test_fluids_of_tissue_agree_to_eleven_digits(at_pH):
    """Unknowns, molalities and ln gamma, cold and from the solutions of others; none is left."""
    rng, n = np.random.default_rng(4), 800
    totals = PLASMA * 10 ** rng.uniform(-0.6, 0.4, (n, 8))
    x = nothing(n, 8)
    x[:, H] = -LN10 * rng.uniform(5, 9, n)
    expected = scalar(TABLES, totals, at_pH, x)
    others = np.roll(expected[0], 1, axis=0)
    others[:, H] = expected[0][:, H] if at_pH else others[:, H]
    for start in (x, others):
        mine = vector(TABLES, totals, at_pH, start)
        assert not expected[3].any() and not mine[3].any()
        assert_same(mine, expected, slice(None), 1e-11)
    if at_pH:
        np.testing.assert_array_equal(mine[0][:, H], x[:, H])


def test_no_cold_start_of_20000_is_left_unsolved():
    """pH 4-10 fixed, then the acidity that goes with it: balances to 1e-11, pH back to 1e-10."""
    rng = np.random.default_rng(5)
    nc, n = 8, 20000
    totals, pH = random_totals(rng, n, nc), rng.uniform(4, 10, n)
    first = solve_totals(TABLES, totals, pH)
    back = solve_totals(TABLES, totals, None, first.totals[:, H])
    for found in (first, back):
        assert not found.status.any()
        size = found.m @ np.abs(TABLES.nu) + 1e-300
        assert np.max(np.abs(found.m @ TABLES.nu - found.totals) / size) < 2e-11
    assert np.max(np.abs(-back.x[:, H] / LN10 - pH)) < 1e-10


def test_many_fluids_are_the_fluids_one_by_one():
    """A number that fills no group, impossible totals among them: results, status and NaN alike."""
    n = MANY + 7
    rng = np.random.default_rng(6)
    totals = PLASMA * 10 ** rng.uniform(-1, 0.5, (n, 8))
    totals[3, 0], totals[40, 1], totals[41, 2], totals[n - 1, 5] = -1e-6, math.nan, 1e9, 2.0
    assert list(np.flatnonzero(vector(TABLES, totals, False, nothing(n, 8))[3])) == [3, 40, 41, n - 1]
    mine, expected = solve_totals(TABLES, totals), scalar(TABLES, totals, False, nothing(n, 8))
    np.testing.assert_array_equal(mine.status, expected[3])
    assert list(np.flatnonzero(mine.status)) == [3, 40, 41]
    assert_same((mine.x, mine.m, mine.lng), expected, mine.status == 0)


def test_a_pH_that_is_no_number_is_left_and_the_fluids_beside_it_are_not():
    totals, x = np.tile(PLASMA, (WIDTH, 1)), nothing(WIDTH, 8)
    x[:, H] = -LN10 * 7.0
    x[2, H], x[5, H] = math.nan, -800.0
    mine = vector(TABLES, totals, True, x)
    assert list(np.flatnonzero(mine[3])) == [2, 5]
    assert_same(mine, scalar(TABLES, totals, True, x), mine[3] == 0, 1e-11)


def test_water_taken_up_reaches_full_precision():
    """Strong base: a_w moves OH by its share, the term that the steps leave out."""
    n = 4 * WIDTH
    totals = np.tile(PLASMA, (n, 1))
    totals[:, H] = -np.linspace(0.01, 0.4, n)
    given = (totals, False, nothing(n, 8))
    mine, expected = vector(TABLES, *given), scalar(TABLES, *given)
    assert np.all(mine[0][:, H] / -LN10 > 8) and not mine[3].any()
    assert_same(mine, expected, mine[3] == 0, 1e-11)


def test_the_programs_interpreted_are_the_programs_compiled():
    """Cold and warm fluids in one group, one of them impossible, with and without magnesium."""
    totals, rng = np.tile(PLASMA, (WIDTH, 1)), np.random.default_rng(8)
    totals *= 10 ** rng.uniform(-0.5, 0.5, totals.shape)
    totals[1, 4], totals[2, 0] = 0.0, -1.0
    warm = scalar(TABLES, PLASMA[None] * np.ones((WIDTH, 1)), False, nothing(WIDTH, 8))[0]
    warm[::2] = math.nan
    t, ns = TABLES.equations, len(TABLES.species)
    p = FluidPrograms(t)
    ends = []
    for compiled in (False, True):
        arrays = (
            totals, warm.copy(), np.zeros((WIDTH, ns)), np.zeros((WIDTH, ns)), np.zeros((WIDTH, 1)),
            np.zeros((p.rows.end, WIDTH)), fluid_numbers(t, False),
        )  # fmt: skip
        counts = []
        for program in (p.begin, p.weigh, *[p.narrow] * ROUNDS, p.guess, *[p.step] * 12, p.finish):
            do = Routine(program) if compiled else lambda *a, p=program: interpret(p, *a[:3], a[3:])
            counts.append(do(0, 1, WIDTH, *arrays))
        assert counts[0] == 3 and counts[-2:] == [0, 0]
        ends.append((*arrays[1:5], np.array(counts)))
    good = ends[0][3][:, 0] == 1.0
    assert list(np.flatnonzero(~good)) == [2]
    for a, b in zip(*ends, strict=True):
        a, b = (a[good], b[good]) if len(a) == WIDTH else (a, b)
        np.testing.assert_allclose(a, b, rtol=1e-12)
