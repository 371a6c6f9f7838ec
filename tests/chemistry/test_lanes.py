"""Many fluids in lanes: the scalar kernel is the judge, and the instructions are packed."""

from __future__ import annotations

import math
import platform
import re

import numpy as np
import pytest

from sim.chemistry import aqueous_lanes, lanes
from sim.chemistry.aqueous import COMPONENTS, MEMORY, aqueous, outputs_of, tables
from sim.chemistry.constants_sets import constants_set
from sim.chemistry.lane_program import lane_program
from sim.chemistry.lane_solve import solve_lanes, work_size
from sim.chemistry.lanes import LANES, count, exponential, put, row
from sim.chemistry.many import MANY, solve_totals
from sim.chemistry.speciation import solve_many

LN10 = math.log(10.0)
PLASMA = np.array([2.5e-3, 1e-3, 24e-3, 3e-3, 0.8e-3, 0.142, 4e-3, 0.103])
TABLES = constants_set("tissue-37C").tables(COMPONENTS, 310.15)
BACKGROUND = {"Mg": 0.8, "Na": 142.0, "K": 4.0, "Cl": 103.0}
ONE = tables("tissue-37C", 310.15, BACKGROUND)
MANY_CELLS = aqueous_lanes.lane_tables("tissue-37C", 310.15, BACKGROUND)
SCRATCH = np.zeros(aqueous_lanes.scratch_size(MANY_CELLS))


def scalar(tables, totals, is_fixed, x):
    """x, m, ln gamma and status of the scalar kernel."""
    n, ns = len(totals), len(tables.species)
    x, m, lng, status = x.copy(), np.zeros((n, ns)), np.zeros((n, ns)), np.zeros(n, np.int64)
    solve_many(totals, is_fixed, x, m, lng, np.zeros((1, tables.work_size)), status, *tables.arrays)
    return x, m, lng, status


def blocks(tables, totals, is_fixed, x):
    """The same of the lanes alone."""
    n, ns = len(totals), len(tables.species)
    x, m, lng, status = x.copy(), np.zeros((n, ns)), np.zeros((n, ns)), np.zeros(n, np.int64)
    work = np.zeros((1, lanes.layout(tables.lanes)[-1]))
    lanes.solve_blocks(totals, is_fixed, x, m, lng, work, status, *tables.lanes)
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
def test_lanes_find_what_the_scalar_kernel_finds(name):
    """Cold at fixed pH 1-13, cold at any acidity, then warm from 5 % off, absent components included.

    What the lanes call solved is the same to 1e-10; of the extreme fluids they leave a few.
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
    """Strong base: a_w moves OH by its share, the term that the lanes' steps leave out."""
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
    t = TABLES.lanes
    places = lanes.layout(t)
    X, T, DEAD, step = places[0], places[1], places[2], places[13] + LANES
    w = np.zeros(places[-1])
    w[X:T], w[T:DEAD] = known.T.ravel(), totals.T.ravel()
    fresh, sizes = True, []
    lanes.prepare(w, free, t)
    for _ in range(4):
        lanes.evaluate(w, fresh, t)
        lanes.balance(w, free, t, lanes.LAST_STEP, lanes.NEAR, lanes.CONVERGED)
        fresh = lanes.advance(w, free, t)
        sizes.append(w[step : step + LANES].copy())
    assert np.all(sizes[0] > 1e-3)
    for before, after in zip(sizes, sizes[1:], strict=False):
        np.testing.assert_array_less(after, 3 * before**2 + 1e-4 * before)  # a_w enters late


def cells(rng):
    """LANES pore waters [mol m-3], acid, alkaline, empty, and a trial state just below zero."""
    inputs = np.array([2.5, 1.0, 24.0, 3.0])[:, None] * 10 ** rng.uniform(-1, 0.5, (4, LANES))
    inputs[3] *= rng.choice([-1, 1], LANES)
    inputs[0, 3], inputs[1, 4], inputs[2, 5] = -1e-12, 0.0, 1e-13
    return inputs


def one_by_one(inputs):
    """Outputs, memory and failures of the scalar `aqueous`, from cold starts."""
    outputs, memory = np.zeros((len(outputs_of()), LANES)), np.zeros((MEMORY, LANES))
    failed = np.zeros(LANES, np.int64)
    for i in range(LANES):
        out, x = np.zeros(len(outputs_of())), np.full(MEMORY, np.nan)
        failed[i] = aqueous(inputs[:, i].copy(), x, out, *ONE)
        outputs[:, i], memory[:, i] = out, x
    return outputs, memory, failed


def in_lanes(inputs, memory=None):
    outputs, failed = np.zeros((len(outputs_of()), LANES)), np.zeros(LANES)
    memory = np.full((MEMORY, LANES), np.nan) if memory is None else memory.copy()
    aqueous_lanes.aqueous_lanes(inputs, memory, outputs, failed, SCRATCH, *MANY_CELLS)
    return outputs, memory, failed


def test_cells_in_lanes_have_the_outputs_of_single_cells():
    """Cold, then warm with every input 3 % off."""
    rng = np.random.default_rng(7)
    inputs = cells(rng)
    outputs, memory, failed = in_lanes(inputs)
    expected = one_by_one(inputs)
    assert not failed.any() and not expected[2].any()
    np.testing.assert_allclose(outputs, expected[0], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(memory, expected[1], rtol=1e-10, atol=1e-10)
    inputs = inputs * (1 + 0.03 * rng.uniform(-1, 1, inputs.shape))
    outputs, memory, failed = in_lanes(inputs, memory)
    np.testing.assert_allclose(outputs, one_by_one(inputs)[0], rtol=1e-10, atol=1e-10)


def test_an_unsolved_cell_is_reported_and_harms_no_other():
    inputs = cells(np.random.default_rng(8))
    good = in_lanes(inputs)
    inputs[0, 5], inputs[1, 9] = math.nan, 2e6
    outputs, memory, failed = in_lanes(inputs, good[1])
    assert list(np.flatnonzero(failed)) == [5, 9]
    assert set(failed) == {0, 1}
    assert np.isnan(outputs[0, [5, 9]]).all()
    others = np.delete(np.arange(LANES), [5, 9])
    np.testing.assert_allclose(outputs[:, others], good[0][:, others], rtol=1e-10, atol=1e-10)
    inputs = cells(np.random.default_rng(8))
    np.testing.assert_allclose(in_lanes(inputs, memory)[0], good[0], rtol=1e-10, atol=1e-10)


def test_slopes_are_the_differences_of_single_cells():
    """Fourth-order differences of the scalar kernel, steps of 0.2 % of each total."""
    rng = np.random.default_rng(9)
    inputs = np.abs(cells(rng))
    inputs[:3, 3:6] = np.array([2e-9, 3e-9, 1e-9])[:, None]  # where the smoothing near zero counts
    outputs, memory, _ = in_lanes(inputs)
    slopes = np.full((len(outputs_of()), 4, LANES), np.nan)
    aqueous_lanes.aqueous_slopes_lanes(inputs, memory, outputs, slopes, SCRATCH, *MANY_CELLS)
    for q in range(4):
        step = 2e-3 * inputs[q]
        at = []
        for n in (-2, -1, 1, 2):
            moved = inputs.copy()
            moved[q] += n * step
            at.append(one_by_one(moved)[0])
        numerical = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step)
        noise = 1e-11 * (1 + np.abs(outputs)) / step
        np.testing.assert_array_less(np.abs(slopes[:, q] - numerical), 1e-7 * np.abs(numerical) + noise)


def test_solve_lanes_tells_each_fluids_status():
    totals = np.tile(PLASMA[:, None], LANES) * np.linspace(0.2, 2.0, LANES)
    totals[0, 4] = -1.0
    x, m, lng = np.full((10, LANES), np.nan), np.zeros((30, LANES)), np.zeros((30, LANES))
    status, fixed = np.zeros(LANES, np.int64), np.zeros(8, np.uint8)
    work = np.zeros(work_size(TABLES.lanes, TABLES.arrays))
    arguments = (*TABLES.lanes, *TABLES.arrays)
    solve_lanes(totals, fixed, x, m, lng, status, work, *arguments)
    expected = scalar(TABLES, np.ascontiguousarray(totals.T), fixed, np.full((LANES, 10), np.nan))
    np.testing.assert_array_equal(status, expected[3])
    assert list(np.flatnonzero(status)) == [4] and status[4] == 2
    assert_same((x.T, m.T, lng.T), expected, status == 0)


def test_a_row_is_a_numpy_array_without_the_compiler():
    """exp of a row as compiled and as NumPy reads the same lines: they differ by fused roundings."""
    from numba import njit

    @njit
    def compiled(w):
        put(w, 0, exponential(row(w, 0)))
        return count(row(w, 0) > 1.0)

    w = np.random.default_rng(1).uniform(-50, 50, LANES)
    expected = lanes.exponential.py_func(w.copy())
    assert compiled(w) == np.count_nonzero(expected > 1.0)
    np.testing.assert_allclose(w, expected, rtol=1e-15)


def test_exponential_is_exact_to_two_roundings():
    x = np.random.default_rng(2).uniform(-700, 700, LANES)
    np.testing.assert_allclose(lanes.exponential.py_func(x), np.exp(x), rtol=5e-16)


def test_every_sum_of_the_program_names_the_species_that_hold_the_component():
    """Sums by component over both families are the columns of nu."""
    t = lane_program(TABLES.arrays)
    ptr, at, coefficient = t[8], t[9], t[10]
    m = np.random.default_rng(4).random(len(TABLES.species))
    for k in range(8):
        found = sum(coefficient[q] * m[at[q]] for q in range(ptr[2 * k], ptr[2 * k + 2]))
        assert found == pytest.approx(m @ TABLES.nu[:, k], rel=1e-13)


def test_the_kernel_is_made_of_packed_instructions():
    """A slip in the row type would be silent, and several times slower."""
    from numba import njit

    fresh = njit(error_model="numpy")(lanes._evaluate)  # an inspection needs code not from the cache
    w = np.zeros(lanes.layout(TABLES.lanes)[-1])
    fresh(w, True, TABLES.lanes)
    code = next(iter(fresh.inspect_llvm().values()))
    assert len(re.findall(rf"f(?:mul|add|div) <{LANES} x double>", code)) > 20
    assert not re.search(r"f(?:mul|add|div) double", code)
    if platform.machine() in ("x86_64", "AMD64"):
        code = next(iter(fresh.inspect_asm().values()))
        assert len(re.findall(r"\bv?(?:mul|fn?madd\d*)pd\b", code)) > 60
        assert len(re.findall(r"\bv?(?:mul|fn?madd\d*)sd\b", code)) < 5
