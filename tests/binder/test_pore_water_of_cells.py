"""The pore water of cells, as an evaluation of a system has it, against the kernel for one fluid."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest

import sim
from sim.binder.system import System
from sim.chemistry.constants_sets import constants_set
from sim.chemistry.newton.one.solve import solve_fluid
from sim.chemistry.newton.records import work_size
from sim.chemistry.pore_water import (
    PHASES,
    TINY,
    acidity_at,
    components_of,
    outputs_of,
    pore_water_tables,
)
from sim.model.library.quantities import speciation
from sim.model.model import Model
from sim.model.process import Process
from sim.model.species import Species
from sim.parameters import Parameters
from sim.space import grid as grids

COMPONENTS = components_of()
MEMORY = len(COMPONENTS) + 2
BACKGROUND = {"Mg": 0.8, "Na": 142.0, "K": 4.0, "Cl": 103.0}
N = 29  # cells: three groups and a half
OUTPUTS = tuple(outputs_of())


def tables(background=BACKGROUND):
    return pore_water_tables("tissue-37C", 310.15, background)


TABLES = tables()
SPECIES = constants_set("tissue-37C").tables(COMPONENTS, 310.15)


def rate(value):
    return value


def model(background=BACKGROUND):
    """Totals that do not move, and a process for each output of speciation, whose rate it is."""
    numbers = {"fluid.temperature": sim.Parameter(310.15, "K", source="test")}
    numbers |= {f"fluid.{b}": sim.Parameter(v, "mol/m3", source="test") for b, v in background.items()}
    species = tuple(Species(c, diffusivity=1e-12) for c in ("Ca", "P", "C", "H"))
    shown = tuple(Process(n, rate, {"shown": 1}, {}, {"value": n}) for n in OUTPUTS)
    water = speciation("tissue-37C", PHASES)
    return Model((*species, Species("shown")), shown, (water,), shared=Parameters(numbers))


class Cells:
    """N cells of given totals, and what an evaluation of a system makes of them."""

    def __init__(self, background=BACKGROUND):
        self.system = System(model(background), grids.slab(1.0, N))

    def state(self, inputs):
        y = np.zeros(self.system.size)
        self.system.split(y)[0][:, :4] = inputs.T
        return y

    def outputs(self, inputs):
        """Outputs (o, N), and how many cells this evaluation counts as unsolved."""
        before = self.system.failures.sum()
        derived, _, _ = self.system.evaluate(0.0, self.state(inputs))
        return np.array([derived[n] for n in OUTPUTS]), self.system.failures.sum() - before

    def slopes(self, inputs):
        """d outputs/d inputs (o, 4, N)."""
        p, found = self.system.operations, self.system.slopes(0.0, self.state(inputs))
        flat = found.transpose(1, 0, 2).reshape(p.process.size, -1)[:, :N]
        out = np.zeros((len(OUTPUTS), 4, N))
        for j in range(p.process.size):
            out[p.process[j], p.species[j]] = flat[j]
        return out

    @property
    def memory(self):
        """The last solution of each cell, (MEMORY, N)."""
        return self.system.cells.memory.transpose(1, 0, 2).reshape(MEMORY, -1)[:, :N]


def single_cell(inputs, x, outputs, given=TABLES):
    """Outputs of one cell from its inputs [mol m-3], written out; 0, or 1 when unsolved.

    x: (MEMORY,) out
    """
    density, total, r = given.density, given.total.copy(), SPECIES.reactions
    total[:4] = inputs / density
    total[:3] = 0.5 * (total[:3] + np.sqrt(total[:3] ** 2 + TINY**2))
    m, lng, work = np.zeros(r.K.size), np.zeros(r.K.size), np.zeros(work_size(8, len(r.classes)))
    status = solve_fluid(total, given.is_fixed, x, m, lng, work, r)[0]
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
        present = SPECIES.mineral_nu[k] != 0
        product = SPECIES.mineral_nu[k][present] @ x[:8][present]
        outputs[8 + i] = product + SPECIES.mineral_water[k] * x[9] - ln_K
    return int(status != 0)


def one_by_one(inputs, given=TABLES):
    """Outputs, memory and failures of single cells, from cold starts."""
    outputs, memory, failed = np.zeros((len(OUTPUTS), N)), np.zeros((MEMORY, N)), np.zeros(N, np.int64)
    for i in range(N):
        out, x = np.zeros(len(OUTPUTS)), np.full(MEMORY, np.nan)
        failed[i] = single_cell(inputs[:, i], x, out, given)
        outputs[:, i], memory[:, i] = out, x
    return outputs, memory, failed


def drawn(rng):
    """N pore waters [mol m-3], acid, alkaline, empty, and a trial state just below zero."""
    inputs = np.array([2.5, 1.0, 24.0, 3.0])[:, None] * 10 ** rng.uniform(-1, 0.5, (4, N))
    inputs[3] *= rng.choice([-1, 1], N)
    inputs[0, 3], inputs[1, 4], inputs[2, 5] = -1e-12, 0.0, 1e-13
    return inputs


def test_cells_have_the_outputs_of_single_cells():
    """Cold, then warm with every input 3 % off."""
    rng, cells = np.random.default_rng(7), Cells()
    inputs = drawn(rng)
    outputs, unsolved = cells.outputs(inputs)
    expected = one_by_one(inputs)
    assert unsolved == 0 and not expected[2].any()
    np.testing.assert_allclose(outputs, expected[0], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(cells.memory, expected[1], rtol=1e-10, atol=1e-10)
    inputs = inputs * (1 + 0.03 * rng.uniform(-1, 1, inputs.shape))
    outputs, unsolved = cells.outputs(inputs)
    assert unsolved == 0
    np.testing.assert_allclose(outputs, one_by_one(inputs)[0], rtol=1e-10, atol=1e-10)


def test_warm_cells_are_solved_by_vector_code_alone(monkeypatch):
    """Single cells are for cold starts; a change of 3 % must not call them."""
    rng, cells = np.random.default_rng(7), Cells()
    inputs = drawn(rng)
    cells.outputs(inputs)
    calls = []
    for single in cells.system._single:
        monkeypatch.setattr(single, "_solvers", [lambda: calls.append(1)])
    outputs, unsolved = cells.outputs(inputs * (1 + 0.03 * rng.uniform(-1, 1, inputs.shape)))
    assert not calls and unsolved == 0 and np.isfinite(outputs).all()


def test_a_tolerant_solution_is_off_by_the_square_of_its_last_step():
    """Warm starts 1 % off: at rtol 1e-3 within a thousandth of it, and no nearer than that needs."""
    rng = np.random.default_rng(7)
    start = np.abs(drawn(rng)) + 1e-3
    inputs = start * (1 + 0.01 * rng.uniform(-1, 1, start.shape))
    exact, off = one_by_one(inputs)[1], []
    for rtol in (1e-3, 0.0):
        cells = Cells()
        cells.outputs(start)
        cells.system.tolerate(rtol)
        cells.outputs(inputs)
        off.append(np.abs(cells.memory - exact).max())
    assert 1e-9 < off[0] < 1e-6
    assert off[1] < 1e-11


def test_a_background_that_is_absent_is_next_to_nothing():
    """No magnesium at all: the cells are those of single cells, where it is no component."""
    given = BACKGROUND | {"Mg": 0.0}
    inputs, cells = np.abs(drawn(np.random.default_rng(12))) + 1e-3, Cells(given)
    expected = one_by_one(inputs, tables(given))[0]
    for _ in range(2):
        outputs, unsolved = cells.outputs(inputs)
        assert unsolved == 0 and np.all(outputs[OUTPUTS.index("Mg_free")] < 1e-40)
        without = [k for k, n in enumerate(OUTPUTS) if n not in ("Mg_free", *WITH_MAGNESIUM)]
        np.testing.assert_allclose(outputs[without], expected[without], rtol=1e-10, atol=1e-10)


WITH_MAGNESIUM = [
    f"ln_omega_{p}" for p in PHASES
    if SPECIES.mineral_nu[SPECIES.minerals.index(p)][COMPONENTS.index("Mg")] != 0
]  # fmt: skip


def test_an_unsolved_cell_is_reported_and_harms_no_other():
    cells, inputs = Cells(), drawn(np.random.default_rng(8))
    good, _ = cells.outputs(inputs)
    inputs[0, 5], inputs[1, 9] = math.nan, 2e6
    outputs, unsolved = cells.outputs(inputs)
    assert unsolved == 2
    assert np.isnan(outputs[0, [5, 9]]).all()
    others = np.delete(np.arange(N), [5, 9])
    np.testing.assert_allclose(outputs[:, others], good[:, others], rtol=1e-10, atol=1e-10)
    again, unsolved = cells.outputs(drawn(np.random.default_rng(8)))
    assert unsolved == 0
    np.testing.assert_allclose(again, good, rtol=1e-10, atol=1e-10)


def test_the_last_cell_stands_for_none_in_the_count():
    """Of 29 cells the last group has 5, and 3 lanes repeat the last."""
    cells, inputs = Cells(), drawn(np.random.default_rng(8))
    inputs[0, N - 1] = math.nan
    assert cells.outputs(inputs)[1] == 1


def test_slopes_are_the_differences_of_single_cells():
    """Fourth-order differences of single cells, steps of 0.2 % of each total."""
    inputs = np.abs(drawn(np.random.default_rng(9)))
    inputs[:3, 3:6] = np.array([2e-9, 3e-9, 1e-9])[:, None]  # where the smoothing near zero counts
    cells = Cells()
    outputs, _ = cells.outputs(inputs)
    slopes = cells.slopes(inputs)
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


@pytest.mark.parametrize("pH", [5.0, 7.4, 9.0])
def test_the_acidity_at_a_pH_gives_that_pH(pH):
    """In cells, to 1e-9."""
    inputs = np.tile(np.array([2.5, 1.0, 24.0, 0.0])[:, None], N)
    inputs[3] = acidity_at(pH, (2.5, 1.0, 24.0), TABLES)
    outputs, unsolved = Cells().outputs(inputs)
    assert unsolved == 0
    np.testing.assert_allclose(outputs[0], pH, atol=1e-9)


def test_what_is_raised_for_single_cells_is_raised_by_the_evaluation():
    """Ctrl-C, and mistakes: nothing is lost in compiled code."""
    cells = Cells()

    def stopped():
        raise KeyboardInterrupt

    for single in cells.system._single:
        single._solvers = [stopped]
    with pytest.raises(KeyboardInterrupt):
        cells.outputs(drawn(np.random.default_rng(3)))


PLAIN = """
import numpy as np
from tests.binder.test_pore_water_of_cells import Cells

cells, inputs = Cells(), np.load("{folder}/inputs.npy")
with np.errstate(all="ignore"):
    outputs, unsolved = cells.outputs(inputs)
    slopes = cells.slopes(inputs)
np.savez("{folder}/found.npz", outputs=outputs, slopes=slopes, unsolved=unsolved)
"""


def test_without_the_compiler_cells_have_the_same_water(tmp_path):
    """Registers of NumPy, which refuse what is out of bounds; one cell cannot be solved."""
    inputs = drawn(np.random.default_rng(11))
    inputs[2, 9] = 1e6
    np.save(tmp_path / "inputs.npy", inputs)
    code = PLAIN.format(folder=tmp_path)
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, check=True)
    cells = Cells()
    outputs, unsolved = cells.outputs(inputs)
    found = np.load(tmp_path / "found.npz")
    assert found["unsolved"] == unsolved == 1
    np.testing.assert_allclose(found["outputs"], outputs, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found["slopes"], cells.slopes(inputs), rtol=1e-9, atol=1e-12)
