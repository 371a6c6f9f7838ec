"""The pore water of a block of cells against the kernel for one fluid, cell by cell."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from sim.chemistry.cell_water.blocks import (
    TINY,
    kernel_leaves,
    pore_water_of,
    pore_water_slopes,
    scratch_size,
    solve_pore_water,
    tolerate,
)
from sim.chemistry.constants_sets import constants_set
from sim.chemistry.newton.one.solve import solve_fluid
from sim.chemistry.newton.records import work_size
from sim.chemistry.pore_water import COMPONENTS, MEMORY, PHASES, acidity_at, outputs_of, pore_water_tables
from sim.simd.blocks import LANES

BACKGROUND = {"Mg": 0.8, "Na": 142.0, "K": 4.0, "Cl": 103.0}
TABLES = pore_water_tables("tissue-37C", 310.15, BACKGROUND)
LEAVES = kernel_leaves(TABLES)
SCRATCH = np.zeros(scratch_size(LEAVES))
SPECIES = constants_set("tissue-37C").tables(COMPONENTS, 310.15)


def single_cell(inputs, x, outputs):
    """Outputs of one cell from its inputs [mol m-3], written out; 0, or 1 when unsolved.

    x: (MEMORY,) out
    """
    density, total, r = TABLES.density, TABLES.total.copy(), SPECIES.reactions
    total[:4] = inputs / density
    total[:3] = 0.5 * (total[:3] + np.sqrt(total[:3] ** 2 + TINY**2))
    m, lng, work = np.zeros(r.K.size), np.zeros(r.K.size), np.zeros(work_size(8, len(r.classes)))
    status = solve_fluid(total, TABLES.is_fixed, x, m, lng, work, r)[0]
    molality = dict(zip(SPECIES.species, m, strict=True))
    free_P = [n for n in SPECIES.species if "PO4" in n and n.removesuffix("PO4") in ("", "H", "H2", "H3")]
    free_C = ["CO3", "HCO3", "CO2"]
    PO4 = SPECIES.species.index("PO4")
    outputs[:8] = (
        -x[3] / math.log(10.0), x[8], molality["Ca"] * density, sum(molality[n] for n in free_P) * density,
        sum(molality[n] for n in free_C) * density, molality["Mg"] * density, math.exp(x[0]),
        m[PO4] * math.exp(lng[PO4]),
    )  # fmt: skip
    for i, phase in enumerate(PHASES):
        k = SPECIES.minerals.index(phase)
        ln_K = SPECIES.mineral_log_K[k] * math.log(10.0)
        outputs[8 + i] = SPECIES.mineral_nu[k] @ x[:8] + SPECIES.mineral_water[k] * x[9] - ln_K
    return int(status != 0)


def cells(rng):
    """LANES pore waters [mol m-3], acid, alkaline, empty, and a trial state just below zero."""
    inputs = np.array([2.5, 1.0, 24.0, 3.0])[:, None] * 10 ** rng.uniform(-1, 0.5, (4, LANES))
    inputs[3] *= rng.choice([-1, 1], LANES)
    inputs[0, 3], inputs[1, 4], inputs[2, 5] = -1e-12, 0.0, 1e-13
    return inputs


def one_by_one(inputs):
    """Outputs, memory and failures of single cells, from cold starts."""
    outputs, memory = np.zeros((len(outputs_of()), LANES)), np.zeros((MEMORY, LANES))
    failed = np.zeros(LANES, np.int64)
    for i in range(LANES):
        out, x = np.zeros(len(outputs_of())), np.full(MEMORY, np.nan)
        failed[i] = single_cell(inputs[:, i], x, out)
        outputs[:, i], memory[:, i] = out, x
    return outputs, memory, failed


def in_a_block(inputs, memory=None):
    outputs, failed = np.zeros((len(outputs_of()), LANES)), np.zeros(LANES)
    memory = np.full((MEMORY, LANES), np.nan) if memory is None else memory.copy()
    solve_pore_water(inputs, memory, outputs, failed, SCRATCH, LEAVES)
    return outputs, memory, failed


def test_cells_of_a_block_have_the_outputs_of_single_cells():
    """Cold, then warm with every input 3 % off."""
    rng = np.random.default_rng(7)
    inputs = cells(rng)
    outputs, memory, failed = in_a_block(inputs)
    expected = one_by_one(inputs)
    assert not failed.any() and not expected[2].any()
    np.testing.assert_allclose(outputs, expected[0], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(memory, expected[1], rtol=1e-10, atol=1e-10)
    inputs = inputs * (1 + 0.03 * rng.uniform(-1, 1, inputs.shape))
    outputs, memory, failed = in_a_block(inputs, memory)
    np.testing.assert_allclose(outputs, one_by_one(inputs)[0], rtol=1e-10, atol=1e-10)


def test_a_tolerant_solution_is_off_by_the_square_of_its_last_step():
    """Warm starts 1 % off: at rtol 1e-3 within a thousandth of it, and no nearer than that needs."""
    rng = np.random.default_rng(7)
    inputs = np.abs(cells(rng)) + 1e-3
    memory = one_by_one(inputs)[1]
    inputs = inputs * (1 + 0.01 * rng.uniform(-1, 1, inputs.shape))
    exact = one_by_one(inputs)[1]
    off = []
    for rtol in (1e-3, 0.0):
        tolerate(LEAVES, rtol)
        off.append(np.abs(in_a_block(inputs, memory)[1] - exact).max())
    assert 1e-9 < off[0] < 1e-6
    assert off[1] < 1e-11


def test_straight_lines_are_left_where_a_component_is_absent():
    """No magnesium at all: the rows take the block, and its cells are those of single cells."""
    without = pore_water_tables("tissue-37C", 310.15, BACKGROUND | {"Mg": 0.0})
    rng = np.random.default_rng(12)
    inputs = np.abs(cells(rng)) + 1e-3
    outputs, failed = np.zeros((len(outputs_of()), LANES)), np.zeros(LANES)
    memory = np.full((MEMORY, LANES), np.nan)
    for _ in range(2):
        solve_pore_water(inputs, memory, outputs, failed, SCRATCH, kernel_leaves(without))
    assert not failed.any() and np.all(outputs[5] == 0.0)
    r = SPECIES.reactions
    x, work = np.full(MEMORY, np.nan), np.zeros(work_size(8, len(r.classes)))
    total = without.total.copy()
    total[:4] = inputs[:, 3] / without.density
    m, lng = np.zeros(r.K.size), np.zeros(r.K.size)
    assert solve_fluid(total, without.is_fixed, x, m, lng, work, r)[0] == 0
    np.testing.assert_allclose(outputs[0, 3], -x[3] / math.log(10.0), atol=1e-10)


def test_an_unsolved_cell_is_reported_and_harms_no_other():
    inputs = cells(np.random.default_rng(8))
    good = in_a_block(inputs)
    inputs[0, 5], inputs[1, 9] = math.nan, 2e6
    outputs, memory, failed = in_a_block(inputs, good[1])
    assert list(np.flatnonzero(failed)) == [5, 9]
    assert set(failed) == {0, 1}
    assert np.isnan(outputs[0, [5, 9]]).all()
    others = np.delete(np.arange(LANES), [5, 9])
    np.testing.assert_allclose(outputs[:, others], good[0][:, others], rtol=1e-10, atol=1e-10)
    inputs = cells(np.random.default_rng(8))
    np.testing.assert_allclose(in_a_block(inputs, memory)[0], good[0], rtol=1e-10, atol=1e-10)


def test_slopes_are_the_differences_of_single_cells():
    """Fourth-order differences of single cells, steps of 0.2 % of each total."""
    rng = np.random.default_rng(9)
    inputs = np.abs(cells(rng))
    inputs[:3, 3:6] = np.array([2e-9, 3e-9, 1e-9])[:, None]  # where the smoothing near zero counts
    outputs, memory, _ = in_a_block(inputs)
    slopes = np.full((len(outputs_of()), 4, LANES), np.nan)
    pore_water_slopes(inputs, memory, outputs, slopes, SCRATCH, LEAVES)
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


def test_the_leaves_of_the_tables_give_the_tables_again():
    """Every array and number in its place: the same objects, by name."""
    back = pore_water_of.py_func(LEAVES)

    def compare(mine, expected):
        assert type(mine) is type(expected)
        for name in expected._fields:
            a, b = getattr(mine, name), getattr(expected, name)
            if isinstance(b, tuple):
                compare(a, b)
            else:
                assert a is b, name

    compare(back, TABLES)


@pytest.mark.parametrize("pH", [5.0, 7.4, 9.0])
def test_the_acidity_at_a_pH_gives_that_pH(pH):
    """In a block of cells, to 1e-9."""
    inputs = np.tile(np.array([2.5, 1.0, 24.0, 0.0])[:, None], LANES)
    inputs[3] = acidity_at(pH, (2.5, 1.0, 24.0), TABLES)
    outputs, _, failed = in_a_block(inputs)
    assert not failed.any()
    np.testing.assert_allclose(outputs[0], pH, atol=1e-9)


PLAIN = """
import numpy as np
from sim.chemistry.pore_water import MEMORY, outputs_of, pore_water_tables
from sim.chemistry.cell_water.blocks import kernel_leaves, pore_water_slopes, scratch_size, solve_pore_water
from sim.simd.blocks import LANES

t = kernel_leaves(pore_water_tables("tissue-37C", 310.15, {BACKGROUND}))
inputs = np.load("{folder}/inputs.npy")
memory, outputs = np.full((MEMORY, LANES), np.nan), np.zeros((len(outputs_of()), LANES))
failed, scratch = np.zeros(LANES), np.zeros(scratch_size(t))
slopes = np.zeros((len(outputs), 4, LANES))
with np.errstate(all="ignore"):
    solve_pore_water(inputs, memory, outputs, failed, scratch, t)
    pore_water_slopes(inputs, memory, outputs, slopes, scratch, t)
np.savez("{folder}/found.npz", outputs=outputs, slopes=slopes, failed=failed)
"""


def test_the_kernels_are_plain_python_and_stay_within_their_rows(tmp_path):
    """Without the compiler NumPy refuses what is out of bounds; compiled code would write there.

    One cell goes to the kernel for one fluid, one cannot be solved.
    """
    inputs = cells(np.random.default_rng(11))
    inputs[0, 5], inputs[2, 9] = math.nan, 1e6
    np.save(tmp_path / "inputs.npy", inputs)
    code = PLAIN.format(BACKGROUND=BACKGROUND, folder=tmp_path)
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, check=True)
    outputs, memory, failed = in_a_block(inputs)
    slopes = np.zeros((len(outputs_of()), 4, LANES))
    pore_water_slopes(inputs, memory, outputs, slopes, SCRATCH, LEAVES)
    found = np.load(tmp_path / "found.npz")
    np.testing.assert_array_equal(found["failed"], failed)
    np.testing.assert_allclose(found["outputs"], outputs, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found["slopes"], slopes, rtol=1e-9, atol=1e-12)
