"""The Newton step of fluids with phases: in NumPy registers, and as machine code."""

from __future__ import annotations

import numpy as np
import pytest

from sim.chemistry.constants_sets import constants_set, constants_sets
from sim.chemistry.fluid import speciate
from sim.chemistry.newton.phases.records import GivenRows, Phases, StateRows
from sim.chemistry.newton.phases.step import begin_program, step_program
from sim.chemistry.newton.straight.balances import Sums
from sim.chemistry.newton.straight.newton_step import factorised
from sim.codegen.machine import Routine
from sim.codegen.numpy_registers import NumpyRegisters, interpret
from sim.codegen.registers import Vec
from sim.simd.constants import WIDTH

COMPONENTS = ("Ca", "P", "C", "H", "Mg", "Na", "K", "Cl")
TABLES = constants_set("tissue-37C").tables(COMPONENTS, 310.15)
ON = NumpyRegisters(1)


def vec(values):
    return Vec(ON, np.array(values, float).reshape(1, WIDTH))


def fluids():
    """Eight fluids, solved."""
    rng = np.random.default_rng(3)
    totals = {c: 10 ** rng.uniform(-1, 1.3, WIDTH) for c in ("Ca", "P", "C", "Mg")}
    totals |= {c: 10 ** rng.uniform(1, 2.3, WIDTH) for c in ("Na", "K", "Cl")}
    return speciate(pH=rng.uniform(4, 9, WIDTH), **totals)


def test_a_sparse_column_is_solved_and_absent_components_stay_out():
    """Columns of phases, with magnesium absent: against the dense matrix without it."""
    fluid, t = fluids(), TABLES.equations
    nc, gone = len(COMPONENTS), COMPONENTS.index("Mg")
    m = np.stack([1e-3 * fluid.free[s] for s in TABLES.species])
    m[TABLES.nu[:, gone] != 0.0] = 0.0
    sums = Sums(t, dict(enumerate(vec(row) for row in m)))
    total = [vec(row) for row in TABLES.nu.T @ m]
    absent = [ON.number(float(k == gone)) for k in range(nc)]
    factors = factorised(t, sums, total, absent)
    for nu in TABLES.mineral_nu:
        found = factors.solve_sparse([None if v == 0.0 else ON.number(v) for v in nu])
        assert found[gone] is None or not found[gone].value.any()
        for lane in range(WIDTH):
            A = TABLES.nu.T @ (m[:, lane, None] * TABLES.nu)
            x = np.array([0.0 if v is None else v.value[0, lane] for v in found])
            np.testing.assert_allclose(A @ x, nu, atol=1e-9 * np.abs(nu).max())


@pytest.mark.parametrize("name", constants_sets())
def test_only_acid_has_an_inverse_activity(name):
    """Of an absent component it would be infinite; acid is never absent."""
    tables = constants_set(name).tables()
    assert np.flatnonzero(tables.equations.has_inverse).tolist() == [tables.components.index("H")]


def test_the_step_interpreted_is_the_step_compiled():
    """Two solids and a gas, through to the end: same unknowns, extents and solids present."""
    rows = [TABLES.minerals.index(m) for m in ("HAP", "calcite")]
    gas = TABLES.gases
    nu = np.concatenate([gas.nu, TABLES.mineral_nu[rows]])
    water = np.concatenate([gas.water, TABLES.mineral_water[rows]])
    endless = np.array([1, 0, 0], np.uint8)
    p, t = Phases(nu, water, 1.0 / np.abs(nu).sum(1), endless), TABLES.equations
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
        arrays = (state.copy(), given, t.reactions.K, np.ascontiguousarray(t.activity.family))
        for n, program in enumerate([begin_program(p, t), *[step_program(p, t)] * 40]):
            left = Routine(program)(0, 1, 0, *arrays) if compiled else interpret(program, 0, 1, 0, arrays)
            if n and left == 0:
                break
        assert left == 0 and np.all(arrays[0][0, to.solved] == 1.0)
        ends.append(arrays[0])
    np.testing.assert_allclose(ends[0][:, : to.step], ends[1][:, : to.step], rtol=1e-10, atol=1e-16)
    assert ends[0][0, to.present + 1].any() and not ends[0][0, to.present + 1 : to.present + 3].all()
