"""Pieces of a Newton step as straight lines: against plain sums and dense matrices, in NumPy registers."""

from __future__ import annotations

import numpy as np
import pytest

from sim.chemistry.constants_sets import constants_set
from sim.chemistry.fluid import speciate
from sim.chemistry.newton.lines.elimination import factorise
from sim.chemistry.newton.lines.species import (
    activity_coefficients,
    molalities,
    numbers_of,
    shared_pairs,
    terms,
    weighted_sum,
)
from sim.chemistry.newton.phases.records import GivenRows, Phases, StateRows
from sim.chemistry.newton.phases.step import begin_program, step_program
from sim.codegen.machine import Routine
from sim.codegen.numpy_registers import NumpyRegisters, interpret
from sim.codegen.registers import Vec
from sim.simd.lanes8 import WIDTH

COMPONENTS = ("Ca", "P", "C", "H", "Mg", "Na", "K", "Cl")
TABLES = constants_set("tissue-37C").tables(COMPONENTS, 310.15)
ON = NumpyRegisters(1)


class Numbers:
    """A memory of numbers that are the same for all."""

    def __init__(self, values):
        self.values = values

    def load(self, row):
        return ON.number(self.values[row])


def vec(values):
    return Vec(ON, np.array(values, float).reshape(1, WIDTH))


def fluids():
    """Eight fluids, solved."""
    rng = np.random.default_rng(3)
    totals = {c: 10 ** rng.uniform(-1, 1.3, WIDTH) for c in ("Ca", "P", "C", "Mg")}
    totals |= {c: 10 ** rng.uniform(1, 2.3, WIDTH) for c in ("Na", "K", "Cl")}
    return speciate(pH=rng.uniform(4, 9, WIDTH), **totals)


@pytest.mark.parametrize("seed", range(5))
def test_shared_pairs_make_the_same_products(seed):
    rng = np.random.default_rng(seed)
    lists = [rng.integers(0, 7, rng.integers(1, 6)).tolist() for _ in range(12)]
    values = dict(enumerate(rng.uniform(0.5, 2.0, 7)))
    rest, made = shared_pairs(lists)
    for new, (a, b) in made.items():
        values[new] = values[a] * values[b]
    for before, after in zip(lists, rest, strict=True):
        assert np.prod([values[k] for k in after]) == pytest.approx(np.prod([values[k] for k in before]))
    products = len(made) + sum(len(part) - 1 for part in rest)
    assert products < sum(len(part) - 1 for part in lists)


def test_molalities_sums_and_factors_are_those_of_dense_matrices():
    fluid, t = fluids(), TABLES.blocks
    number = Numbers(numbers_of(t))
    found = activity_coefficients(vec(fluid.ionic_strength), number, t)
    g = dict(found.inverse)
    nc = len(COMPONENTS)
    for k, name in enumerate(TABLES.species[:nc]):
        a = vec(fluid.activity[name])
        g[k], g[nc + k] = a, 1.0 / a
    aw = vec(fluid.water_activity)
    g[2 * nc], g[2 * nc + 1] = aw, 1.0 / aw
    m = molalities(g, number, t)
    expected = np.stack([1e-3 * fluid.free[s] for s in TABLES.species])
    np.testing.assert_allclose(np.stack([v.value[0] for v in m]), expected, rtol=1e-12)
    zero = ON.number(0.0)
    nf, balance = t.activity.family.shape[0], t.balance
    sums = []
    for k in range(nc):
        parts = [weighted_sum(m, terms(k * nf + f, balance)) for f in range(nf)]
        sums.append(sum((p for p in parts if p is not None), zero))
    np.testing.assert_allclose(
        np.stack([s.value[0] for s in sums]), TABLES.nu.T @ expected, rtol=1e-12, atol=1e-18
    )
    factors = factorise(m, sums, [zero] * nc, t)
    y = np.random.default_rng(1).standard_normal((nc, WIDTH))
    full = factors.solve_full([vec(row) for row in y])
    sparse = factors.solve([vec(y[0]), *[None] * (nc - 1)])
    for lane in range(WIDTH):
        A = TABLES.nu.T @ (expected[:, lane, None] * TABLES.nu)
        x = np.array([v.value[0, lane] for v in full])
        np.testing.assert_allclose(A @ x, y[:, lane], rtol=1e-9, atol=1e-9 * np.abs(y).max())
        x = np.array([0.0 if v is None else v.value[0, lane] for v in sparse])
        np.testing.assert_allclose(A @ x, [y[0, lane], *[0.0] * (nc - 1)], atol=1e-9 * np.abs(y).max())


def test_the_step_interpreted_is_the_step_compiled():
    """Two solids and a gas, through to the end: same unknowns, extents and solids present."""
    rows = [TABLES.minerals.index(m) for m in ("HAP", "calcite")]
    gas = TABLES.gases
    nu = np.concatenate([gas.nu, TABLES.mineral_nu[rows]])
    water = np.concatenate([gas.water, TABLES.mineral_water[rows]])
    endless = np.array([1, 0, 0], np.uint8)
    p, t = Phases(nu, water, 1.0 / np.abs(nu).sum(1), endless), TABLES.blocks
    to, of = StateRows.of(p, t), GivenRows.of(p, t)
    fluid, nc = fluids(), len(COMPONENTS)
    state, given = np.zeros((1, to.end, WIDTH)), np.zeros((1, of.end, WIDTH))
    for k, (c, ion) in enumerate(zip(COMPONENTS, TABLES.species, strict=False)):
        state[0, to.x + k] = np.log(fluid.activity[ion])
        given[0, of.whole + k] = 1e-3 * (fluid.acidity if c == "H" else fluid.totals[c])
    state[0, to.x + nc], state[0, to.x + nc + 1] = fluid.ionic_strength, np.log(fluid.water_activity)
    state[0, to.present] = 1.0
    log_K = np.concatenate([gas.log_K, TABLES.mineral_log_K[rows]])
    given[0, of.level : of.level + 3] = np.log(10.0) * log_K[:, None]
    given[0, of.level] += np.log(0.05)
    ends = []
    for compiled in (False, True):
        arrays = (state.copy(), given, numbers_of(t))
        for n, program in enumerate([begin_program(p, t), *[step_program(p, t)] * 40]):
            left = Routine(program)(0, 1, 0, *arrays) if compiled else interpret(program, 0, 1, 0, arrays)
            if n and left == 0:
                break
        assert left == 0 and np.all(arrays[0][0, to.solved] == 1.0)
        ends.append(arrays[0])
    np.testing.assert_allclose(ends[0][:, : to.step], ends[1][:, : to.step], rtol=1e-10, atol=1e-16)
    assert ends[0][0, to.present + 1].any() and not ends[0][0, to.present + 1 : to.present + 3].all()
