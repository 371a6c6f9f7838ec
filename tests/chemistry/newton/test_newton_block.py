"""Blocks of fluids: the kernel for one fluid is the judge, and the instructions are packed."""

from __future__ import annotations

import math
import platform
import re

import numpy as np
import pytest

from sim.chemistry.constants_sets import constants_set
from sim.chemistry.many import MANY, solve_totals
from sim.chemistry.newton.block.balances import balances, molalities
from sim.chemistry.newton.block.guess import mark_lanes
from sim.chemistry.newton.block.iteration import advance_rows, solve_rows
from sim.chemistry.newton.block.solve import USUAL, size_of_one, solve_blocks, solve_left_lanes
from sim.chemistry.newton.one.solve import solve_fluids
from sim.chemistry.pore_water import COMPONENTS
from sim.simd.blocks import LANES

LN10 = math.log(10.0)
PLASMA = np.array([2.5e-3, 1e-3, 24e-3, 3e-3, 0.8e-3, 0.142, 4e-3, 0.103])
TABLES = constants_set("tissue-37C").tables(COMPONENTS, 310.15)


def scalar(tables, totals, is_fixed, x):
    """x, m, ln gamma and status of the kernel for one fluid."""
    n, ns = len(totals), len(tables.species)
    x, m, lng, status = x.copy(), np.zeros((n, ns)), np.zeros((n, ns)), np.zeros(n, np.int64)
    solve_fluids(totals, is_fixed, x, m, lng, status, np.zeros(tables.work_size), tables.reactions)
    return x, m, lng, status


def blocks(tables, totals, is_fixed, x):
    """The same of the blocks alone."""
    n, ns = len(totals), len(tables.species)
    x, m, lng, status = x.copy(), np.zeros((n, ns)), np.zeros((n, ns)), np.zeros(n, np.int64)
    work = np.zeros((tables.blocks.at.end, LANES))
    solve_blocks(totals, is_fixed, x, m, lng, status, work, tables.blocks)
    return x, m, lng, status


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


@pytest.mark.parametrize("name", ["tissue-37C", "minteq.v4", "phreeqc"])
def test_blocks_find_what_the_kernel_for_one_fluid_finds(name):
    """Cold at fixed pH 1-13, cold at any acidity, then warm from 5 % off, absent components included.

    What the blocks call solved is the same to 1e-10; of the extreme fluids they leave a few.
    """
    t = constants_set(name).tables(None, 310.15)
    nc, h, n = len(t.components), t.components.index("H"), 1603
    rng = np.random.default_rng(3)
    totals = random_totals(rng, n, nc)
    free, at_pH = np.zeros(nc, np.uint8), np.zeros(nc, np.uint8)
    at_pH[h] = 1
    x = np.full((n, nc + 2), np.nan)
    x[:, h] = -LN10 * rng.uniform(1, 13, n)
    totals[:, h] = rng.uniform(-0.5, 0.5, n) * 10 ** rng.uniform(-6, 0, n)
    near = totals * (1 + 0.05 * rng.uniform(-1, 1, totals.shape))
    warm = scalar(t, totals, free, np.full_like(x, np.nan))[0]
    for given in ((totals, at_pH, x), (totals, free, np.full_like(x, np.nan)), (near, free, warm)):
        mine, expected = blocks(t, *given), scalar(t, *given)
        assert not expected[3].any()
        assert_same(mine, expected, mine[3] == 0)
        assert np.mean(mine[3] == 0) > 0.8


def test_no_cold_start_of_20000_is_left_unsolved():
    """pH 4-10 fixed, then the acidity that goes with it: balances to 1e-11, pH back to 1e-10."""
    rng = np.random.default_rng(5)
    nc, n = 8, 20000
    totals, pH = random_totals(rng, n, nc), rng.uniform(4, 10, n)
    first = solve_totals(TABLES, totals, pH)
    back = solve_totals(TABLES, totals, None, first.totals[:, 3])
    for found in (first, back):
        assert not found.status.any()
        size = found.m @ np.abs(TABLES.nu) + 1e-300
        assert np.max(np.abs(found.m @ TABLES.nu - found.totals) / size) < 2e-11
    assert np.max(np.abs(-back.x[:, 3] / LN10 - pH)) < 1e-10


def test_many_fluids_are_the_fluids_one_by_one():
    """A number that fills no block, impossible totals among them: results, status and NaN alike."""
    n = MANY + 7
    rng = np.random.default_rng(6)
    totals = PLASMA * 10 ** rng.uniform(-1, 0.5, (n, 8))
    totals[3, 0], totals[40, 1], totals[41, 2], totals[n - 1, 5] = -1e-6, math.nan, 1e9, 2.0
    mine = solve_totals(TABLES, totals)
    free = np.zeros(8, np.uint8)
    expected = scalar(TABLES, totals, free, np.full((n, 10), np.nan))
    np.testing.assert_array_equal(mine.status, expected[3])
    assert list(np.flatnonzero(mine.status)) == [3, 40, 41]
    assert_same((mine.x, mine.m, mine.lng), expected, mine.status == 0)


def test_water_taken_up_reaches_full_precision():
    """Strong base: a_w moves OH by its share, the term that the steps of a block leave out."""
    totals = np.tile(PLASMA, (LANES, 1))
    totals[:, 3] = -np.linspace(0.01, 0.4, LANES)
    given = (totals, np.zeros(8, np.uint8), np.full((LANES, 10), np.nan))
    mine, expected = blocks(TABLES, *given), scalar(TABLES, *given)
    assert np.all(mine[0][:, 3] / -LN10 > 8) and not mine[3].any()
    assert_same(mine, expected, mine[3] == 0, 1e-11)


def test_the_step_of_the_lanes_is_quadratic():
    """From totals 5 % off, each step is below a constant times the square of the one before.

    A factor that misses an entry, or lets gamma lag, still converges, by a constant ratio a step.
    """
    rng = np.random.default_rng(10)
    totals, free = np.tile(PLASMA, (LANES, 1)), np.zeros(8, np.uint8)
    known = scalar(TABLES, totals, free, np.full((LANES, 10), np.nan))[0]
    totals = totals * (1 + 0.05 * rng.uniform(-1, 1, totals.shape))
    t, nc = TABLES.blocks, len(COMPONENTS)
    w = np.zeros((t.at.end, LANES))
    w[t.at.x : t.at.x + nc + 2], w[t.at.total : t.at.total + nc] = known.T, totals.T
    fresh, sizes = True, []
    mark_lanes(w, free, t)
    for _ in range(4):
        molalities(w, fresh, t)
        balances(w, free, USUAL, t)
        fresh = advance_rows(w, free, t)
        sizes.append(w[t.at.step].copy())
    assert np.all(sizes[0] > 1e-3)
    for before, after in zip(sizes, sizes[1:], strict=False):
        np.testing.assert_array_less(after, 3 * before**2 + 1e-4 * before)  # a_w enters late


def test_lanes_that_a_block_leaves_are_solved_or_given_their_status():
    totals = np.tile(PLASMA[:, None], LANES) * np.linspace(0.2, 2.0, LANES)
    totals[0, 4], totals[5, 9] = -1.0, 2.0  # not possible; an ionic strength that a block leaves
    fixed, t, nc, ns = np.zeros(8, np.uint8), TABLES.blocks, 8, len(TABLES.species)
    w = np.full((t.at.end, LANES), np.nan)
    w[t.at.total : t.at.total + nc] = totals
    assert solve_rows(w, fixed, USUAL, t) == LANES - 2
    assert list(np.flatnonzero(w[t.at.solved] == 0.0)) == [4, 9]
    log_of = slice(t.at.g + 2 * nc + 2, t.at.m)
    solve_left_lanes(w, fixed, np.zeros(size_of_one(t)), t)
    lng = -np.log(w[log_of][t.reactions.gamma_class])
    status = w[t.at.solved].astype(np.int64) - 1
    expected = scalar(TABLES, np.ascontiguousarray(totals.T), fixed, np.full((LANES, 10), np.nan))
    np.testing.assert_array_equal(status, expected[3])
    assert list(np.flatnonzero(status)) == [4] and status[4] == 2
    x, m = w[t.at.x : t.at.x + nc + 2], w[t.at.m : t.at.m + ns]
    assert_same((x.T, m.T, lng.T), expected, status == 0)


def test_the_kernel_is_made_of_packed_instructions():
    """A slip in the row type would be silent, and several times slower."""
    from numba import njit

    fresh = njit(error_model="numpy", _nrt=False)(molalities.py_func)  # to inspect, not from the cache
    w = np.zeros((TABLES.blocks.at.end, LANES))
    fresh(w, True, TABLES.blocks)
    code = next(iter(fresh.inspect_llvm().values()))
    assert len(re.findall(rf"f(?:mul|add|div) <{LANES} x double>", code)) > 20
    assert not re.search(r"f(?:mul|add|div) double", code)
    if platform.machine() in ("x86_64", "AMD64"):
        code = next(iter(fresh.inspect_asm().values()))
        assert len(re.findall(r"\bv?(?:mul|fn?madd\d*)pd\b", code)) > 60
        assert len(re.findall(r"\bv?(?:mul|fn?madd\d*)sd\b", code)) < 5
