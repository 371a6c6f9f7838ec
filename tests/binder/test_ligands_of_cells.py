"""Pore water with ligands, as an evaluation of a system has it, against fluids of the same totals."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import sim
from sim.binder.system import System
from sim.chemistry.fluid import speciate
from sim.chemistry.pore_water import PHASES, TINY, acidity_at, outputs_of, pore_water_tables, transported
from sim.errors import ConfigError
from sim.model.library.quantities import ligands_of, speciation
from sim.model.model import Model
from sim.model.process import Process
from sim.model.species import Species
from sim.parameters import Parameters
from sim.space import grid as grids

BACKGROUND = {"Mg": 0.8, "Na": 142.0, "K": 4.0, "Cl": 103.0}
N = 13  # cells: a group and a half
KINDS = [
    ("tissue-37C", ("EDTA",)),
    ("tissue-37C", ("citrate",)),
    ("tissue-37C", ("thiosulfate", "EDTA")),
    ("minteq.v4", ("EDTA",)),
]


def rate(value):
    return value


def cells(constants, ligands, phases=PHASES):
    """A system of cells whose totals do not move, with a process for each output, whose rate it is."""
    numbers = {"fluid.temperature": sim.Parameter(310.15, "K", source="test")}
    numbers |= {f"fluid.{b}": sim.Parameter(v, "mol/m3", source="test") for b, v in BACKGROUND.items()}
    species = tuple(Species(c, diffusivity=1e-12) for c in transported(ligands))
    shown = tuple(Process(n, rate, {"shown": 1}, {}, {"value": n}) for n in outputs_of(phases))
    water = speciation(constants, phases, ligands=ligands)
    model = Model((*species, Species("shown")), shown, (water,), shared=Parameters(numbers))
    return System(model, grids.slab(1.0, N))


def drawn(rng, ligands, n=N):
    """Pore waters [mol m-3] as (transported, n): Ca, P, C, H, and ligands from a trace to 10."""
    inputs = np.array([2.5, 1.0, 24.0, 3.0])[:, None] * 10 ** rng.uniform(-0.7, 0.5, (4, n))
    inputs[3] *= rng.choice([-1, 1], n)
    return np.vstack([inputs, 10 ** rng.uniform(-3, 1, (len(ligands), n))])


def state(system, inputs):
    y = np.zeros(system.size)
    system.split(y)[0][:, : inputs.shape[0]] = inputs.T
    return y


def outputs(system, inputs):
    """Outputs (o, N), and how many cells this evaluation counts as unsolved."""
    before = system.failures.sum()
    derived, _, _ = system.evaluate(0.0, state(system, inputs))
    names = [p.name for p in system.model.processes]
    return np.array([derived[n] for n in names]), system.failures.sum() - before


def slopes(system, inputs):
    """d outputs/d inputs, (o, transported, N)."""
    p, found = system.operations, system.slopes(0.0, state(system, inputs))
    flat = found.transpose(1, 0, 2).reshape(p.process.size, -1)[:, :N]
    out = np.zeros((len(system.model.processes), inputs.shape[0], N))
    for j in range(p.process.size):
        out[p.process[j], p.species[j]] = flat[j]
    return out


def of_fluids(constants, ligands, inputs, phases=PHASES):
    """The outputs (o, N) of fluids with these totals, by `speciate`."""
    density = pore_water_tables(constants, 310.15, BACKGROUND).density
    given = dict(zip(transported(ligands), 1e3 * inputs / density, strict=True))
    given |= {n: 1e3 * v / density for n, v in BACKGROUND.items()}
    fluid = speciate(acidity=given.pop("H"), constants=constants, **given)
    free = {n: np.asarray(v) * density / 1e3 for n, v in fluid.free.items()}
    named = [
        fluid.pH, fluid.ionic_strength, free["Ca"],
        free["PO4"] + free["HPO4"] + free["H2PO4"] + free["H3PO4"],
        free["CO3"] + free["HCO3"] + free["CO2"], free["Mg"], fluid.activity["Ca"], fluid.activity["PO4"],
    ]  # fmt: skip
    return np.array([*named, *(np.log(10.0) * fluid.SI[p] for p in phases)])


def held(constants):
    """Those of the usual phases whose solubility the set says."""
    return tuple(p for p in PHASES if p in dict.fromkeys(sim.speciate(pH=7, constants=constants).SI))


@pytest.mark.parametrize(("constants", "ligands"), KINDS)
def test_cells_with_ligands_are_fluids(constants, ligands):
    """Cold, then warm by vector code alone with every total 3 % off; in all cells to 1e-9."""
    rng, phases = np.random.default_rng(5), held(constants)
    system, inputs = cells(constants, ligands, phases), drawn(rng, ligands)
    found, unsolved = outputs(system, inputs)
    assert unsolved == 0
    np.testing.assert_allclose(found, of_fluids(constants, ligands, inputs, phases), rtol=1e-9, atol=1e-9)
    for single in system._single:
        single._solvers = [None]  # a call would fail
    moved = inputs * (1 + 0.03 * rng.uniform(-1, 1, inputs.shape))
    found, unsolved = outputs(system, moved)
    assert unsolved == 0
    np.testing.assert_allclose(found, of_fluids(constants, ligands, moved, phases), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("constants", "ligands"), KINDS)
def test_slopes_by_every_total_are_differences_of_fluids(constants, ligands):
    """By the ligands' totals too: fourth-order differences, steps of 1e-4 of each total, for calcium turns
    sharply where EDTA is used up."""
    phases, inputs = held(constants), drawn(np.random.default_rng(6), ligands)
    system = cells(constants, ligands, phases)
    at_inputs, _ = outputs(system, inputs)
    found = slopes(system, inputs)
    for q in range(inputs.shape[0]):
        step, at = 1e-4 * inputs[q], []
        for n in (-2, -1, 1, 2):
            moved = inputs.copy()
            moved[q] += n * step
            at.append(of_fluids(constants, ligands, moved, phases))
        numerical = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step)
        noise = 1e-11 * (1 + np.abs(at_inputs)) / np.abs(step)
        np.testing.assert_array_less(np.abs(found[:, q] - numerical), 1e-6 * np.abs(numerical) + noise)
    assert (found[2, -1] < 0).all()  # the free calcium, which a strong ligand takes


def test_slopes_by_a_trace_of_ligand_are_those_of_the_smoothed_total():
    """Far below the calcium nothing but the smoothing of totals near zero depends on the ligand's total."""
    ligands = ("EDTA", "citrate")
    system, inputs = cells("tissue-37C", ligands), drawn(np.random.default_rng(9), ligands)
    density, found = pore_water_tables("tissue-37C", 310.15, BACKGROUND).density, []
    for trace in (2e-9, 1e-6):
        inputs[4:] = trace
        v = trace / density
        outputs(system, inputs)
        found.append(slopes(system, inputs)[:, 4:] / (0.5 + 0.5 * v / np.hypot(v, TINY)))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4)


def test_next_to_no_ligand_is_no_ligand():
    """A total of nothing leaves the pore water as it is without the component."""
    inputs = drawn(np.random.default_rng(7), ())
    plain, _ = outputs(cells("tissue-37C", ()), inputs)
    found, unsolved = outputs(cells("tissue-37C", ("EDTA",)), np.vstack([inputs, np.zeros(N)]))
    assert unsolved == 0
    np.testing.assert_allclose(found, plain, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("pH", [5.0, 7.4, 9.0])
def test_the_acidity_at_a_pH_holds_what_ligands_bind(pH):
    """In cells, to 1e-9."""
    ligands = ("EDTA", "citrate")
    totals = (2.5, 1.0, 24.0, 10.0, 0.3)
    tables = pore_water_tables("tissue-37C", 310.15, BACKGROUND, ligands=ligands)
    H = acidity_at(pH, totals, tables)
    inputs = np.tile(np.array([*totals[:3], H, *totals[3:]])[:, None], N)
    found, unsolved = outputs(cells("tissue-37C", ligands), inputs)
    assert unsolved == 0
    np.testing.assert_allclose(found[0], pH, atol=1e-9)


PLAIN = """
import numpy as np
from tests.binder.test_ligands_of_cells import cells, outputs, slopes

system, inputs = cells("tissue-37C", ("EDTA",)), np.load("{folder}/inputs.npy")
with np.errstate(all="ignore"):
    found, unsolved = outputs(system, inputs)
    by = slopes(system, inputs)
np.savez("{folder}/found.npz", outputs=found, slopes=by, unsolved=unsolved)
"""


def test_without_the_compiler_cells_have_the_same_water(tmp_path):
    inputs = drawn(np.random.default_rng(8), ("EDTA",))
    np.save(tmp_path / "inputs.npy", inputs)
    code = PLAIN.format(folder=tmp_path)
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, check=True)
    system = cells("tissue-37C", ("EDTA",))
    found = np.load(tmp_path / "found.npz")
    np.testing.assert_allclose(found["outputs"], outputs(system, inputs)[0], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found["slopes"], slopes(system, inputs), rtol=1e-9, atol=1e-12)
    assert found["unsolved"] == 0


def test_ligands_are_those_that_a_speciation_takes():
    assert ligands_of([speciation("tissue-37C", PHASES, ligands=("citrate", "EDTA"))]) == ("citrate", "EDTA")
    assert ligands_of([speciation("tissue-37C", PHASES)]) == ()


@pytest.mark.parametrize(
    ("constants", "ligands", "words"),
    [
        (
            "tissue-37C",
            ("EDT",),
            "ligand = 'EDT' is not one of citrate, EDTA, thiosulfate. Did you mean 'EDTA'",
        ),
        ("tissue-37C", ("Ca",), "ligand = 'Ca' is not one of"),
        ("tissue-37C", ("EDTA", "EDTA"), "EDTA, EDTA must be different ones; name each once"),
        ("phreeqc", ("EDTA",), r"hold no EDTA.*a set that does \(tissue-37C, minteq.v4\)"),
        ("minteq.v4", ("citrate",), r"hold no citrate.*a set that does \(tissue-37C\)"),
    ],
)
def test_what_is_no_ligand_is_told(constants, ligands, words):
    with pytest.raises(ConfigError, match=words):
        speciation(constants, PHASES, ligands=ligands)
